/*
 * What BouncyCastle says of an evidence record (RFC 4998): the first time-stamp covers this content, and each time-stamp is the named authority's. Called by Main.
 */
import eu.europa.esig.dss.model.x509.CertificateToken;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Date;
import java.util.List;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

final class Records {
    private Records() {
    }

    /* The record's own certificate must be the time-stamping authority's of which we know; throws what BouncyCastle throws. */
    static List<String> check(String tsa, String record, String content) throws Exception {
        BouncyCastleProvider bc = new BouncyCastleProvider();
        DigestCalculatorProvider digests = new JcaDigestCalculatorProviderBuilder().setProvider(bc).build();
        ERSEvidenceRecord r = new ERSEvidenceRecord(Files.readAllBytes(Path.of(record)), digests);
        CertificateToken own = Trust.certificates(tsa).get(0);
        r.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider(bc).build(new X509CertificateHolder(own.getEncoded())));
        r.validatePresent(new ERSByteData(Files.readAllBytes(Path.of(content))), new Date());
        return List.of();
    }
}
