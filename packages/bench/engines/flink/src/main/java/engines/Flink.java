package engines;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.WindowedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.triggers.Trigger;
import org.apache.flink.streaming.api.windowing.triggers.TriggerResult;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The job on Flink, in a local environment. */
public final class Flink {
  public static class Agg {
    public int count;
    public long sum;
  }

  static class Parse extends AbstractDeserializationSchema<Ev> {
    @Override
    public Ev deserialize(byte[] b) {
      Env.seen();
      return Json.ev(b);
    }
  }

  static class Fold implements AggregateFunction<Ev, Agg, Agg> {
    @Override
    public Agg createAccumulator() {
      return new Agg();
    }

    @Override
    public Agg add(Ev e, Agg a) {
      a.count++;
      a.sum += e.v;
      return a;
    }

    @Override
    public Agg getResult(Agg a) {
      return a;
    }

    @Override
    public Agg merge(Agg a, Agg b) {
      a.count += b.count;
      a.sum += b.sum;
      return a;
    }
  }

  static class Emit extends ProcessWindowFunction<Agg, Out, String, TimeWindow> {
    @Override
    public void process(String id, Context c, Iterable<Agg> aggs, Collector<Out> out) {
      Agg a = aggs.iterator().next();
      out.collect(new Out(id, c.window().getStart(), a.count, a.sum));
    }
  }

  /** A result per record, none at the end of the window. */
  static class EachRecord extends Trigger<Ev, TimeWindow> {
    @Override
    public TriggerResult onElement(Ev e, long at, TimeWindow w, TriggerContext c) {
      return TriggerResult.FIRE;
    }

    @Override
    public TriggerResult onProcessingTime(long t, TimeWindow w, TriggerContext c) {
      return TriggerResult.CONTINUE;
    }

    @Override
    public TriggerResult onEventTime(long t, TimeWindow w, TriggerContext c) {
      return TriggerResult.CONTINUE;
    }

    @Override
    public void clear(TimeWindow w, TriggerContext c) {}
  }

  static class Record implements KafkaRecordSerializationSchema<Out> {
    private final String topic;

    Record(String topic) {
      this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(Out o, KafkaSinkContext c, Long at) {
      return new ProducerRecord<>(topic, o.id.getBytes(StandardCharsets.UTF_8), Json.bytes(o));
    }
  }

  public static void main(String[] args) throws Exception {
    boolean finals = Env.str("LANE", "finals").equals("finals");
    boolean eos = Env.str("MODE", "alo").equals("eos");
    String brokers = Env.str("BOOTSTRAP", "127.0.0.1:9092");
    Configuration conf = new Configuration();
    conf.setString("state.backend.type", "hashmap");
    conf.setString("execution.checkpointing.storage", "filesystem");
    conf.setString("execution.checkpointing.dir", "file://" + Env.str("STATE_DIR", "/tmp/flink-state"));
    conf.setString("execution.checkpointing.interval", Env.num("COMMIT_MS", 1000) + " ms");
    conf.setString("pipeline.object-reuse", "true");
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(Env.num("THREADS", 1), conf);

    KafkaSource<Ev> source =
        KafkaSource.<Ev>builder()
            .setBootstrapServers(brokers)
            .setTopics(Env.str("INPUT", "events"))
            .setGroupId(Env.str("APP", "app"))
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setValueOnlyDeserializer(new Parse())
            .build();
    KafkaSink<Out> sink =
        KafkaSink.<Out>builder()
            .setBootstrapServers(brokers)
            .setRecordSerializer(new Record(Env.str("OUTPUT", "results")))
            .setDeliveryGuarantee(eos ? DeliveryGuarantee.EXACTLY_ONCE : DeliveryGuarantee.AT_LEAST_ONCE)
            .setTransactionalIdPrefix(Env.str("APP", "app"))
            // The sink's default of one hour is above the broker's maximum of 15 minutes.
            .setProperty("transaction.timeout.ms", "600000")
            .build();
    WindowedStream<Ev, String, TimeWindow> windowed =
        env.fromSource(
                source,
                WatermarkStrategy.<Ev>forBoundedOutOfOrderness(Duration.ofSeconds(10))
                    .withTimestampAssigner((e, t) -> e.at),
                "events")
            .keyBy(e -> e.id)
            .window(TumblingEventTimeWindows.of(Duration.ofSeconds(60)));
    if (!finals) windowed = windowed.trigger(new EachRecord());
    windowed.aggregate(new Fold(), new Emit()).sinkTo(sink);
    env.execute("engines");
  }
}
