"""Small inputs that once gave a wrong result, with the right one. They stand beside the checkout: ../shared/cases."""
