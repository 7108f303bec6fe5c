/*
 * What EU DSS believes and whom it asks: one root, and either nobody (what the file brings must do) or the addresses in the certificates.
 * Used by Judge and Maker.
 */
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.service.crl.OnlineCRLSource;
import eu.europa.esig.dss.service.http.commons.CommonsDataLoader;
import eu.europa.esig.dss.service.http.commons.OCSPDataLoader;
import eu.europa.esig.dss.service.ocsp.OnlineOCSPSource;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.aia.DefaultAIASource;
import java.io.File;
import java.util.ArrayList;
import java.util.List;

final class Trust {
    private Trust() {
    }

    static CommonCertificateVerifier of(String root, boolean online) {
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        for (CertificateToken c : certificates(root))
            anchors.addCertificate(c);
        CommonCertificateVerifier v = new CommonCertificateVerifier(true);
        v.setTrustedCertSources(anchors);
        if (online) {
            v.setAIASource(new DefaultAIASource(new CommonsDataLoader()));
            v.setOcspSource(new OnlineOCSPSource(new OCSPDataLoader()));
            v.setCrlSource(new OnlineCRLSource(new CommonsDataLoader()));
        }
        return v;
    }

    static List<CertificateToken> certificates(String pem) {
        return new ArrayList<>(DSSUtils.loadCertificateFromP7c(pem(pem)));
    }

    private static java.io.InputStream pem(String path) {
        return new FileDocument(new File(path)).openStream();
    }

    static List<DSSDocument> files(List<String> paths) {
        List<DSSDocument> out = new ArrayList<>();
        for (String p : paths)
            out.add(new FileDocument(new File(p)));
        return out;
    }
}
