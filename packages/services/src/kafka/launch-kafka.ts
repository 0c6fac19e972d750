/** Owns bringing a Kafka up on programs that are there: layout, storage, nodes, and what it then offers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Instance, openInstance } from '../instance/instance.ts'
import { type Member, ProcessGroup } from '../instance/process-group.ts'
import { type JavaProgram, javaArgs } from '../machine/java.ts'
import { type Certificate, makeCertificate } from '../net/certificate.ts'
import { answerOf } from '../net/exchange.ts'
import { type Proxy, startProxy } from '../net/proxy.ts'
import { type KafkaLayout, type KafkaPorts, kafkaProperties, kafkaUser, saslMechanisms } from './configuration.ts'
import type { Kafka, KafkaOptions, KafkaSecurity } from './kafka.ts'
import { liveBrokers } from './metadata.ts'
import { formatStorage } from './storage.ts'

/** @throws Error when it does not come up; nothing is left of it then */
export async function launchKafka(program: JavaProgram, version: string, options: KafkaOptions = {}): Promise<Kafka> {
  const instance = openInstance('kafka', options)
  const proxies: Proxy[] = []
  const closeProxies = async (): Promise<void> => {
    for (const proxy of proxies) await proxy.stop()
  }
  try {
    const kafka = await launch(instance, proxies, program, version, options)
    const stop = async (): Promise<void> => {
      await kafka.group.stop()
      await closeProxies()
    }
    return { ...kafka.offer, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await closeProxies()
    instance.remove()
    throw error
  }
}

interface Launched {
  readonly group: ProcessGroup<number>
  readonly offer: Omit<Kafka, 'stop' | typeof Symbol.asyncDispose>
}

async function launch(
  instance: Instance,
  proxies: Proxy[],
  program: JavaProgram,
  version: string,
  { nodes = 1, secure = false, proxied = false, settings = {}, heap = '256m' }: KafkaOptions,
): Promise<Launched> {
  const { folder } = instance
  const layouts: KafkaLayout[] = []
  for (let id = 1; id <= nodes; id++) {
    const ports = await portsOf(instance, secure, proxied, proxies)
    layouts.push({ id, ports, dataFolder: join(folder, `data-${id}`) })
  }
  const certificate = secure ? await makeCertificate(folder) : undefined
  const files = certificate && { certFile: certificate.certFile, keyAndCertFile: certificate.bothFile }
  const cluster = { layouts, version, secure: files, settings }
  const file = (id: number, end: string): string => join(folder, `node-${id}.${end}`)
  for (const layout of layouts) writeFileSync(file(layout.id, 'properties'), kafkaProperties(layout, cluster))
  await formatStorage(program, folder, cluster)

  const members = layouts.map(({ id, ports }): [number, Member] => {
    const properties = { 'org.slf4j.simpleLogger.showDateTime': 'true' }
    const call = { role: 'broker', heap, properties, main: 'kafka.Kafka', args: [file(id, 'properties')] }
    const plan = { command: program.java.command, args: javaArgs(program, call), cwd: folder, log: file(id, 'log') }
    return [id, { plan, ready: () => isLive(id, ports.plain) }]
  })
  const bootstrap = layouts.map(({ ports }) => `127.0.0.1:${ports.plain}`)
  const security = certificate && securityOf(layouts, certificate)
  const group = new ProcessGroup(instance, new Map(members), () => ({
    version,
    bootstrap: bootstrap.join(','),
    ...(security && factsOf(security, certificate)),
    folder,
  }))
  await group.start(async () => {
    const seen = await Promise.all(layouts.map(({ ports }) => answerOf(liveBrokers({ port: ports.plain }))))
    return seen.every((brokers) => brokers?.length === nodes)
  })
  const offer = {
    version,
    bootstrap,
    proxied: proxies.map(({ address }) => address),
    secure: security,
    nodes: layouts.map(({ id }, index) => ({
      id,
      address: bootstrap[index]!,
      log: file(id, 'log'),
      get pid() {
        return group.pid(id)
      },
      proxy: proxies[index],
    })),
    kill: (node: number, signal?: NodeJS.Signals) => group.kill(node, signal),
    restart: (node: number) => group.restart(node),
  }
  return { group, offer }
}

async function portsOf(instance: Instance, secure: boolean, proxied: boolean, proxies: Proxy[]): Promise<KafkaPorts> {
  const [plain, controller, ssl, saslSsl, saslPlaintext, behind] = (await instance.ports(6)) as Six
  const proxy = proxied ? await startProxy(behind) : undefined
  if (proxy !== undefined) proxies.push(proxy)
  return {
    plain,
    controller,
    ...(secure && { ssl, saslSsl, saslPlaintext }),
    ...(proxy && { proxied: { behind, advertised: proxy.port } }),
  }
}

type Six = [number, number, number, number, number, number]

/** A node is back when it finds itself among the live brokers; before, it answers and yet leads nothing. */
async function isLive(id: number, port: number): Promise<boolean> {
  return (await answerOf(liveBrokers({ port })))?.some((broker) => broker.id === id) === true
}

function securityOf(layouts: readonly KafkaLayout[], { cert, key }: Certificate): KafkaSecurity {
  const addresses = (listener: 'ssl' | 'saslSsl' | 'saslPlaintext'): readonly string[] =>
    layouts.map(({ ports }) => `127.0.0.1:${ports[listener]}`)
  return {
    ssl: addresses('ssl'),
    saslSsl: addresses('saslSsl'),
    saslPlaintext: addresses('saslPlaintext'),
    ca: cert,
    client: { cert, key },
    mechanisms: saslMechanisms,
    ...kafkaUser,
  }
}

function factsOf(security: KafkaSecurity, { certFile }: Certificate): Readonly<Record<string, string>> {
  return {
    ssl: security.ssl.join(','),
    'sasl over ssl': security.saslSsl.join(','),
    'sasl in plaintext': security.saslPlaintext.join(','),
    mechanisms: security.mechanisms.join(','),
    'user and password': `${security.username}, ${security.password}`,
    'certificate to trust': certFile,
  }
}
