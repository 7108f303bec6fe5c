-- What a PDF holds besides paper, found when it was uploaded and accepted by its portal: the citizen is told before signing.
ALTER TABLE signer.component ADD COLUMN active smallint NOT NULL DEFAULT 0 CHECK (active BETWEEN 0 AND 15);
COMMENT ON COLUMN signer.component.active IS 'a set (signer/formats/pdf_active.h): 1 XFA form, 2 scripts, 4 programs to start, 8 files inside';
GRANT UPDATE (active) ON signer.component TO antin_signer;
