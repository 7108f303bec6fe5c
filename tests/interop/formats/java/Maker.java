/*
 * Signatures by EU DSS, for our verifier and `antin-sign extend`; and ours raised by it. Called by Main.
 * Formats: PAdES, CAdES-DETACHED, CAdES-ENVELOPING, XAdES-ENVELOPED, XAdES-ENVELOPING, XAdES-DETACHED, ASiC-E-XAdES, ASiC-E-CAdES, ASiC-S-XAdES, ASiC-S-CAdES,
 * JAdES-COMPACT, JAdES-JSON. Levels: B, T, LT, LTA. Files are named apart by '|'.
 */
import eu.europa.esig.dss.asic.cades.ASiCWithCAdESSignatureParameters;
import eu.europa.esig.dss.asic.cades.signature.ASiCWithCAdESService;
import eu.europa.esig.dss.asic.xades.ASiCWithXAdESSignatureParameters;
import eu.europa.esig.dss.asic.xades.signature.ASiCWithXAdESService;
import eu.europa.esig.dss.cades.CAdESSignatureParameters;
import eu.europa.esig.dss.cades.signature.CAdESService;
import eu.europa.esig.dss.enumerations.ASiCContainerType;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.JWSSerializationType;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.jades.JAdESSignatureParameters;
import eu.europa.esig.dss.jades.signature.JAdESService;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.model.ToBeSigned;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.service.http.commons.TimestampDataLoader;
import eu.europa.esig.dss.service.tsp.OnlineTSPSource;
import eu.europa.esig.dss.signature.AbstractSignatureParameters;
import eu.europa.esig.dss.signature.DocumentSignatureService;
import eu.europa.esig.dss.signature.MultipleDocumentsSignatureService;
import eu.europa.esig.dss.spi.validation.CertificateVerifier;
import eu.europa.esig.dss.spi.x509.tsp.TSPSource;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import eu.europa.esig.dss.xades.signature.XAdESService;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

final class Maker {
    private Maker() {
    }

    static List<String> sign(String root, String key, String cert, String chain, String tsa, String format, String level, String files, String out) throws Exception {
        List<CertificateToken> certs = new ArrayList<>(Trust.certificates(cert));
        CertificateToken own = certs.get(0);
        certs.addAll(Trust.certificates(chain));
        PrivateKey secret = key(key, own.getPublicKey().getAlgorithm());
        DSSDocument signed = make(format, level, verifier(root), tsp(tsa), certs, secret, Trust.files(Arrays.asList(files.split("\\|"))));
        signed.save(out);
        return List.of(signed.getMimeType() == null ? "" : signed.getMimeType().getMimeTypeString());
    }

    static List<String> extend(String root, String tsa, String format, String level, String file, String out, List<String> contents) throws Exception {
        DSSDocument d = new FileDocument(new File(file));
        DSSDocument raised = raise(format, level, verifier(root), tsp(tsa), d, Trust.files(contents));
        raised.save(out);
        return List.of();
    }

    private static CertificateVerifier verifier(String root) {
        return Trust.of(root, true);
    }

    private static TSPSource tsp(String url) {
        return new OnlineTSPSource(url, new TimestampDataLoader());
    }

    private static DSSDocument make(String format, String level, CertificateVerifier v, TSPSource tsp, List<CertificateToken> certs, PrivateKey key, List<DSSDocument> files)
            throws Exception {
        switch (format.startsWith("ASiC") ? "ASiC " + family(format) : family(format)) {
            case "PAdES": {
                PAdESService s = new PAdESService(v);
                PAdESSignatureParameters p = with(new PAdESSignatureParameters(), format, level, certs);
                return one(s, tsp, p, key, files.get(0));
            }
            case "CAdES": {
                CAdESSignatureParameters p = with(new CAdESSignatureParameters(), format, level, certs);
                return one(new CAdESService(v), tsp, p, key, files.get(0));
            }
            case "XAdES": {
                XAdESSignatureParameters p = with(new XAdESSignatureParameters(), format, level, certs);
                return one(new XAdESService(v), tsp, p, key, files.get(0));
            }
            case "JAdES": {
                JAdESSignatureParameters p = with(new JAdESSignatureParameters(), format, level, certs);
                p.setSignaturePackaging(SignaturePackaging.ENVELOPING);
                p.setJwsSerializationType(serialization(format));
                return one(new JAdESService(v), tsp, p, key, files.get(0));
            }
            case "ASiC XAdES": {
                ASiCWithXAdESSignatureParameters p = with(new ASiCWithXAdESSignatureParameters(), format, level, certs);
                p.aSiC().setContainerType(container(format));
                return many(new ASiCWithXAdESService(v), tsp, p, key, files);
            }
            case "ASiC CAdES": {
                ASiCWithCAdESSignatureParameters p = with(new ASiCWithCAdESSignatureParameters(), format, level, certs);
                p.aSiC().setContainerType(container(format));
                return many(new ASiCWithCAdESService(v), tsp, p, key, files);
            }
            default:
                throw new IllegalArgumentException(format);
        }
    }

    private static DSSDocument raise(String format, String level, CertificateVerifier v, TSPSource tsp, DSSDocument d, List<DSSDocument> contents) {
        switch (format.startsWith("ASiC") ? "ASiC " + family(format) : family(format)) {
            case "PAdES":
                return raised(new PAdESService(v), tsp, with(new PAdESSignatureParameters(), format, level, List.of()), d, contents);
            case "CAdES":
                return raised(new CAdESService(v), tsp, with(new CAdESSignatureParameters(), format, level, List.of()), d, contents);
            case "XAdES":
                return raised(new XAdESService(v), tsp, with(new XAdESSignatureParameters(), format, level, List.of()), d, contents);
            case "JAdES": {
                JAdESSignatureParameters p = with(new JAdESSignatureParameters(), format, level, List.of());
                p.setJwsSerializationType(serialization(format));
                return raised(new JAdESService(v), tsp, p, d, contents);
            }
            case "ASiC XAdES": {
                ASiCWithXAdESSignatureParameters p = with(new ASiCWithXAdESSignatureParameters(), format, level, List.of());
                p.aSiC().setContainerType(container(format));
                return raised(new ASiCWithXAdESService(v), tsp, p, d, contents);
            }
            case "ASiC CAdES": {
                ASiCWithCAdESSignatureParameters p = with(new ASiCWithCAdESSignatureParameters(), format, level, List.of());
                p.aSiC().setContainerType(container(format));
                return raised(new ASiCWithCAdESService(v), tsp, p, d, contents);
            }
            default:
                throw new IllegalArgumentException(format);
        }
    }

    /* What every format's parameters have in common. */
    private static <P extends AbstractSignatureParameters<?>> P with(P p, String format, String level, List<CertificateToken> certs) {
        p.setSignatureLevel(SignatureLevel.valueOf(family(format) + "_BASELINE_" + level));
        p.setDigestAlgorithm(DigestAlgorithm.SHA256);
        if (format.endsWith("-DETACHED"))
            p.setSignaturePackaging(SignaturePackaging.DETACHED);
        else if (format.endsWith("-ENVELOPED"))
            p.setSignaturePackaging(SignaturePackaging.ENVELOPED);
        else if (format.endsWith("-ENVELOPING"))
            p.setSignaturePackaging(SignaturePackaging.ENVELOPING);
        if (!certs.isEmpty()) {
            p.setSigningCertificate(certs.get(0));
            p.setCertificateChain(certs);
        }
        return p;
    }

    private static String family(String format) {
        return format.startsWith("ASiC") ? format.substring("ASiC-E-".length()) : format.split("-")[0];
    }

    private static ASiCContainerType container(String format) {
        return format.startsWith("ASiC-E") ? ASiCContainerType.ASiC_E : ASiCContainerType.ASiC_S;
    }

    private static JWSSerializationType serialization(String format) {
        return format.endsWith("-COMPACT") ? JWSSerializationType.COMPACT_SERIALIZATION : JWSSerializationType.FLATTENED_JSON_SERIALIZATION;
    }

    private static <P extends AbstractSignatureParameters<?>> DSSDocument one(DocumentSignatureService<P, ?> s, TSPSource tsp, P p, PrivateKey key, DSSDocument d)
            throws GeneralSecurityException {
        s.setTspSource(tsp);
        return s.signDocument(d, p, value(p, s.getDataToSign(d, p), key));
    }

    private static <P extends AbstractSignatureParameters<?>> DSSDocument many(MultipleDocumentsSignatureService<P, ?> s, TSPSource tsp, P p, PrivateKey key,
            List<DSSDocument> files) throws GeneralSecurityException {
        ((DocumentSignatureService<?, ?>) s).setTspSource(tsp);
        return s.signDocument(files, p, value(p, s.getDataToSign(files, p), key));
    }

    private static <P extends AbstractSignatureParameters<?>> DSSDocument raised(DocumentSignatureService<P, ?> s, TSPSource tsp, P p, DSSDocument d,
            List<DSSDocument> contents) {
        s.setTspSource(tsp);
        if (!contents.isEmpty())
            p.setDetachedContents(contents);
        return s.extendDocument(d, p);
    }

    private static SignatureValue value(AbstractSignatureParameters<?> p, ToBeSigned data, PrivateKey key) throws GeneralSecurityException {
        Signature s = Signature.getInstance(p.getSignatureAlgorithm().getJCEId());
        s.initSign(key);
        s.update(data.getBytes());
        return new SignatureValue(p.getSignatureAlgorithm(), s.sign());
    }

    private static PrivateKey key(String path, String algorithm) throws Exception {
        String pem = Files.readString(Path.of(path), StandardCharsets.US_ASCII).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }
}
