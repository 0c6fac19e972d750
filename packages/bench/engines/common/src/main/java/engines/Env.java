package engines;

/** The job is described by environment variables, the same for every peer. */
public final class Env {
  private static volatile boolean first;

  private Env() {}

  public static String str(String name, String otherwise) {
    String v = System.getenv(name);
    return v == null || v.isEmpty() ? otherwise : v;
  }

  public static int num(String name, int otherwise) {
    return Integer.parseInt(str(name, Integer.toString(otherwise)));
  }

  /** Says once when the first record was seen. */
  public static void seen() {
    if (!first) {
      synchronized (Env.class) {
        if (!first) {
          System.out.println("FIRST " + System.currentTimeMillis());
          first = true;
        }
      }
    }
  }
}
