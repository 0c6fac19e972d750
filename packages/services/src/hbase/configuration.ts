/**
 * Owns the configuration of a test HBase: ZooKeeper, master and region server in one process, files on the local
 * disk, everything on 127.0.0.1. What differs from start to start are system properties, `${test.…}`, because an
 * archive of classes does not allow a folder on the class path: the configuration is a jar, and stays as it is.
 */

export interface HBasePorts {
  readonly zooKeeper: number
  readonly master: number
  readonly regionServer: number
}

/** The system properties that the configuration asks for. */
export function hbaseProperties(folder: string, ports: HBasePorts, log: string, http: boolean): Record<string, string> {
  return {
    'test.folder': folder,
    'test.log': log,
    'test.http': String(http),
    'test.port.zookeeper': String(ports.zooKeeper),
    'test.port.master': String(ports.master),
    'test.port.regionserver': String(ports.regionServer),
  }
}

const site: Readonly<Record<string, string>> = {
  'hbase.cluster.distributed': 'false',
  'hbase.rootdir': 'file://${test.folder}/root',
  'hbase.tmp.dir': '${test.folder}/tmp',
  'hadoop.tmp.dir': '${test.folder}/tmp',
  'hbase.zookeeper.property.dataDir': '${test.folder}/zookeeper',
  'hbase.wal.provider': 'filesystem',

  // On 127.0.0.1, and no web pages.
  'hbase.zookeeper.quorum': '127.0.0.1',
  'hbase.zookeeper.property.clientPort': '${test.port.zookeeper}',
  'hbase.master.hostname': 'localhost',
  'hbase.master.ipc.address': '127.0.0.1',
  'hbase.master.port': '${test.port.master}',
  'hbase.master.info.port': '-1',
  'hbase.regionserver.hostname': 'localhost',
  'hbase.regionserver.ipc.address': '127.0.0.1',
  'hbase.regionserver.port': '${test.port.regionserver}',
  'hbase.regionserver.info.port': '-1',
  'hbase.thrift.info.port': '-1',

  // One region server is all there is, and nobody waits for more.
  'hbase.master.wait.on.regionservers.maxtostart': '1',
  'hbase.master.wait.on.regionservers.interval': '50',
  'hbase.regionserver.msginterval': '200',
  'hbase.server.thread.wakefrequency': '1000',
  'hbase.procedure.remote.dispatcher.delay.msec': '5',
  'hbase.assignment.dispatch.wait.msec': '5',

  'hbase.regionserver.handler.count': '6',
  'hbase.regionserver.metahandler.count': '4',
  'hbase.master.procedure.threads': '4',

  // A gateway fails after about a second, instead of trying on its own for minutes.
  'hbase.client.retries.number': '4',

  // The gateway takes its transport from here and from nowhere else.
  'hbase.regionserver.thrift.http': '${test.http}',
}

const logging = `status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = \${sys:test.log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %-5p [%t] %c{2}: %m%n
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
`

/** The files of the jar: the same text at every start. */
export function hbaseConfiguration(): Readonly<Record<'hbase-site.xml' | 'log4j2.properties', string>> {
  const properties = Object.entries(site).map(
    ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>\n`,
  )
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<configuration>\n${properties.join('')}</configuration>\n`
  return { 'hbase-site.xml': xml, 'log4j2.properties': logging }
}

const opens = ['java.io', 'java.lang', 'java.lang.reflect', 'java.nio', 'java.util', 'java.util.concurrent']
const innerOpens = ['jdk.internal.ref', 'sun.nio.ch']
const exported = [
  'java.base/jdk.internal.misc',
  'java.base/sun.net.dns',
  'java.base/sun.net.util',
  'java.security.jgss/sun.security.krb5',
]

/** What the code of HBase reaches into, on a Java that has modules. */
export const hbaseJavaOptions: readonly string[] = [
  '-Dorg.apache.hbase.thirdparty.io.netty.tryReflectionSetAccessible=true',
  '--add-modules=jdk.unsupported',
  ...[...opens, ...innerOpens].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
  ...exported.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
]
