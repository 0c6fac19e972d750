package engines;

/** One result. */
public class Out {
  public String id;
  public long start;
  public int count;
  public long sum;

  public Out() {}

  public Out(String id, long start, int count, long sum) {
    this.id = id;
    this.start = start;
    this.count = count;
    this.sum = sum;
  }
}
