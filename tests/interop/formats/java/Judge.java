/*
 * What EU DSS says of a file, by the validation policy that it comes with (ETSI EN 319 102-1). Called by Main.
 * One word for each signature: INDICATION|LEVEL|errors|warnings, each evidence record: ER|INDICATION|errors, each time-stamp of these or alone: TST|INDICATION|errors.
 */
import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.simplereport.jaxb.XmlToken;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

final class Judge {
    private Judge() {
    }

    static List<String> validate(String root, boolean online, String file, List<String> contents) {
        SignedDocumentValidator v = SignedDocumentValidator.fromDocument(new FileDocument(new File(file)));
        v.setCertificateVerifier(Trust.of(root, online));
        if (!contents.isEmpty())
            v.setDetachedContents(Trust.files(contents));
        SimpleReport r = v.validateDocument().getSimpleReport();
        List<String> out = new ArrayList<>();
        for (String id : r.getSignatureIdList()) {
            out.add(String.join("|", said(r, id), String.valueOf(r.getSignatureFormat(id)), errors(r, id), words(r.getAdESValidationWarnings(id))));
            r.getSignatureTimestamps(id).forEach(t -> out.add(part(r, "TST", t)));
            r.getSignatureEvidenceRecords(id).forEach(t -> record(r, t, out));
        }
        for (String id : r.getTimestampIdList())
            out.add("TST|" + said(r, id) + "|" + errors(r, id));
        for (String id : r.getEvidenceRecordIdList())
            record(r, r.getEvidenceRecordById(id), out);
        return out;
    }

    private static void record(SimpleReport r, XmlToken record, List<String> out) {
        out.add(part(r, "ER", record));
        r.getEvidenceRecordTimestamps(record.getId()).forEach(t -> out.add(part(r, "TST", t)));
    }

    private static String part(SimpleReport r, String kind, XmlToken t) {
        return kind + "|" + t.getIndication() + "|" + errors(r, t.getId());
    }

    private static String said(SimpleReport r, String id) {
        Indication i = r.getIndication(id);
        return i + (r.getSubIndication(id) == null ? "" : " " + r.getSubIndication(id));
    }

    private static String errors(SimpleReport r, String id) {
        return words(r.getAdESValidationErrors(id));
    }

    private static String words(List<Message> m) {
        return m.stream().map(Message::getValue).collect(Collectors.joining("; ")).replace('|', '/');
    }
}
