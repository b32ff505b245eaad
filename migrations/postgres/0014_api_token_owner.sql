-- One person's tokens are listed without reading everybody's.
CREATE INDEX api_token_owner ON api_token (organization_id, person_id);
