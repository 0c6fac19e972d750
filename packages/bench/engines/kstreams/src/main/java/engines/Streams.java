package engines;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;

/** The job on Kafka Streams. */
public final class Streams {
  record Agg(int count, long sum) {}

  private static final Serde<Ev> EV =
      Serdes.serdeFrom(
          (t, e) -> {
            throw new UnsupportedOperationException("no repartitioning in this job");
          },
          (t, b) -> {
            Env.seen();
            return Json.ev(b);
          });
  private static final Serde<Agg> AGG =
      Serdes.serdeFrom(
          (t, a) -> a == null ? null : ByteBuffer.allocate(12).putInt(a.count).putLong(a.sum).array(),
          (t, b) -> {
            if (b == null) return null;
            ByteBuffer buf = ByteBuffer.wrap(b);
            return new Agg(buf.getInt(), buf.getLong());
          });
  private static final Serde<Out> OUT = Serdes.serdeFrom((t, o) -> Json.bytes(o), (t, b) -> Json.out(b));

  public static void main(String[] args) {
    boolean finals = Env.str("LANE", "finals").equals("finals");
    boolean eos = Env.str("MODE", "alo").equals("eos");
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, Env.str("APP", "app"));
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, Env.str("BOOTSTRAP", "127.0.0.1:9092"));
    p.put(StreamsConfig.STATE_DIR_CONFIG, Env.str("STATE_DIR", "state"));
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Env.num("THREADS", 1));
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, eos ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, Env.num("COMMIT_MS", eos ? 100 : 30_000));
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    if (!finals) p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    if (Env.str("STORE", "rocksdb").equals("memory"))
      p.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
    // EMIT=onclose looks for closed windows at most once in this time (1 s of wall time), and only when a record comes.
    if (Env.str("EMIT", "").equals("onclose"))
      p.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, Env.num("EMIT_MS", 1000));

    StreamsBuilder b = new StreamsBuilder();
    TimeWindowedKStream<String, Ev> windowed =
        b.stream(Env.str("INPUT", "events"), Consumed.with(Serdes.String(), EV))
            .groupByKey(Grouped.with(Serdes.String(), EV))
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(60), Duration.ofSeconds(10)));
    String emit = finals ? Env.str("EMIT", "suppress") : "updates";
    if (emit.equals("onclose")) windowed = windowed.emitStrategy(EmitStrategy.onWindowClose());
    KTable<Windowed<String>, Agg> table =
        windowed.aggregate(
            () -> new Agg(0, 0),
            (k, e, a) -> new Agg(a.count + 1, a.sum + e.v),
            Materialized.with(Serdes.String(), AGG));
    if (emit.equals("suppress"))
      table = table.suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()));
    table
        .toStream()
        .map((w, a) -> KeyValue.pair(w.key(), new Out(w.key(), w.window().start(), a.count, a.sum)))
        .to(Env.str("OUTPUT", "results"), Produced.with(Serdes.String(), OUT));

    KafkaStreams streams = new KafkaStreams(b.build(), p);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
    streams.start();
  }
}
