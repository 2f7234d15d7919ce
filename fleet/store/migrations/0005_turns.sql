-- How many batches have spoken of a site: a worker that knows the last one's number knows that nobody else has been there since.

ALTER TABLE sites ADD COLUMN turn bigint NOT NULL DEFAULT 0;
