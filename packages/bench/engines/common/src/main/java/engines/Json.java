package engines;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;

/** JSON as most Java users do it: Jackson's data binding, reader and writer prepared once. */
public final class Json {
  private static final ObjectReader EV = new ObjectMapper().readerFor(Ev.class);
  private static final ObjectReader OUT = new ObjectMapper().readerFor(Out.class);
  private static final ObjectWriter WRITE = new ObjectMapper().writerFor(Out.class);

  private Json() {}

  public static Ev ev(byte[] b) {
    try {
      return EV.readValue(b);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Out out(byte[] b) {
    try {
      return OUT.readValue(b);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static byte[] bytes(Out o) {
    try {
      return WRITE.writeValueAsBytes(o);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
