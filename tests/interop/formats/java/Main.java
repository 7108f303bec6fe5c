/*
 * EU DSS and BouncyCastle for the matrix of formats: one process, a question a line, an answer a line; words are separated by tabs.
 * Started by tests/interop/formats/dss.py.
 *   validate ROOT.pem online|offline FILE [CONTENT...]     what EU DSS says of each signature, time-stamp and evidence record in FILE
 *   sign ROOT.pem KEY CERT CHAIN TSA FORMAT LEVEL FILES OUT      EU DSS signs (Maker.java tells the formats)
 *   extend ROOT.pem TSA FORMAT LEVEL FILE OUT [CONTENT...]       EU DSS raises the level
 *   record TSA.pem RECORD CONTENT                          what BouncyCastle says of an evidence record (RFC 4998)
 * An answer is "ok" or "error", then words.
 */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

final class Main {
    private Main() {
    }

    public static void main(String[] unused) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what libraries print is no answer
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            List<String> words;
            String head = "ok";
            try {
                words = answer(Arrays.asList(line.split("\t")));
            } catch (Exception | LinkageError e) {
                head = "error";
                words = List.of(e.getClass().getSimpleName(), String.valueOf(e.getMessage()));
                e.printStackTrace();
            }
            out.println(head + words.stream().map(w -> "\t" + w.replaceAll("\\s+", " ")).collect(Collectors.joining()));
        }
    }

    private static List<String> answer(List<String> q) throws Exception {
        switch (q.get(0)) {
            case "validate":
                return Judge.validate(q.get(1), q.get(2).equals("online"), q.get(3), q.subList(4, q.size()));
            case "sign":
                return Maker.sign(q.get(1), q.get(2), q.get(3), q.get(4), q.get(5), q.get(6), q.get(7), q.get(8), q.get(9));
            case "extend":
                return Maker.extend(q.get(1), q.get(2), q.get(3), q.get(4), q.get(5), q.get(6), q.subList(7, q.size()));
            case "record":
                return Records.check(q.get(1), q.get(2), q.get(3));
            default:
                throw new IllegalArgumentException(q.get(0));
        }
    }
}
