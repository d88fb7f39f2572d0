import com.beanit.asn1bean.ber.ReverseByteArrayOutputStream;
import com.beanit.asn1bean.ber.types.BerType;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Constructor;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Decodes and encodes one value with the classes that asn1bean generated.
 *
 * <p>{@code Timed CLASS FILE} reads the octets, warms up, then takes from standard input "decode N", "encode N" (it answers with
 * nanoseconds of processor, of the compiler's and the collector's threads too, and of wall clock for all N) and
 * "again" (it answers with the octets decoded and encoded, in hex).
 */
public final class Timed {
    private static final long WARM = 1_500_000_000L;

    private final Constructor<?> type;
    private final byte[] octets;

    /** What was made last, so that nothing is optimized away. */
    private Object last;

    private Timed(String name, byte[] octets) throws ReflectiveOperationException {
        this.type = Class.forName(name).getDeclaredConstructor();
        this.octets = octets;
    }

    /** Nanoseconds of processor that the threads of this process have had. The JVM's own clock ticks in 10 ms. */
    private static long processor() throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                sum += Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[0]);
            }
        }
        return sum;
    }

    private BerType decode() throws IOException, ReflectiveOperationException {
        BerType value = (BerType) type.newInstance();
        value.decode(new ByteArrayInputStream(octets));
        last = value;
        return value;
    }

    private byte[] encode(BerType value) throws IOException {
        ReverseByteArrayOutputStream out = new ReverseByteArrayOutputStream(octets.length + 64, true);
        value.encode(out);
        byte[] encoding = out.getArray();
        last = encoding;
        return encoding;
    }

    private void serve() throws IOException, ReflectiveOperationException {
        BerType value = decode();
        for (long until = System.nanoTime() + WARM; System.nanoTime() < until; ) {
            encode(decode());
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("again")) {
                System.out.println(HexFormat.of().formatHex(encode(value)));
                continue;
            }
            long times = Long.parseLong(words[1]);
            boolean decoding = words[0].equals("decode");
            long wall = System.nanoTime();
            long cpu = processor();
            for (long i = 0; i < times; i++) {
                if (decoding) {
                    decode();
                } else {
                    encode(value);
                }
            }
            cpu = processor() - cpu;
            System.out.println(cpu + " " + (System.nanoTime() - wall));
        }
    }

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        new Timed(arguments[0], Files.readAllBytes(Path.of(arguments[1]))).serve();
    }
}
