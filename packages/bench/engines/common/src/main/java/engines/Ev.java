package engines;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/** One input event; the note is skipped by the parser, nobody needs it. */
@JsonIgnoreProperties(ignoreUnknown = true)
public class Ev {
  public String id;
  public int v;
  public long at;
}
