-- What a credential is stands on the credential, so that a list of all of them needs no service's table.
ALTER TABLE credential ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE credential SET kind = CASE
    WHEN EXISTS (SELECT 1 FROM api_key k WHERE k.credential_id = credential.id) THEN 'api_key'
    WHEN EXISTS (SELECT 1 FROM atlassian_session s WHERE s.credential_id = credential.id) THEN 'session'
    ELSE COALESCE((SELECT v.kind FROM vault_credential v WHERE v.credential_id = credential.id), 'jetbrains_token') END;
UPDATE credential SET created_at = (SELECT k.created_at FROM api_key k WHERE k.credential_id = credential.id)
    WHERE kind = 'api_key';

-- A person is added without knowing which services there are; each then sets what it knows of the person.
ALTER TABLE person ALTER COLUMN jetbrains_account SET DEFAULT FALSE;
