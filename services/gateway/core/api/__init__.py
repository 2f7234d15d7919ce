"""The REST API as a table: what each path takes and gives, and the OpenAPI document that follows from it."""
