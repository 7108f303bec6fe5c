-- Bytes that no component refers to any more are taken out of the content store: these indexes answer whether one does.
CREATE INDEX component_sha256 ON signer.component (sha256);
CREATE INDEX component_signed_sha256 ON signer.component (signed_sha256) WHERE signed_sha256 IS NOT NULL;
COMMENT ON INDEX signer.component_sha256 IS 'is this stored file still somebody''s component?';
