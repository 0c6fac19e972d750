/**
 * Owns the honest start: an engine that has run one pipeline only is a third faster than it will be in a real process.
 * Other windows, triggers, key types, aggregates and record shapes go through the same code first.
 */
import { boundedOutOfOrderness, collected, hopping, pipeline, session, tumbling } from '@tidemark/core'
import { earlyAndLate } from '@tidemark/triggers'
import { T0, chance } from './records.ts'

const RECORDS = 30_000

export async function pollute(): Promise<void> {
  const next = chance(99)
  const at = (i: number): number => T0 + i * 20 - next(5_000)

  const trips = Array.from({ length: RECORDS }, (_, i) => ({
    time: at(i),
    car: next(50),
    km: next(1_000) / 7,
    stops: [next(9)],
  }))
  await pipeline('other-sessions')
    .from(trips)
    .eventTime({ timestamp: (trip) => trip.time, watermark: boundedOutOfOrderness('5s') })
    .filter((trip) => trip.km > 1)
    .keyBy((trip) => trip.car)
    .window(session('3s'))
    .aggregate((a) => ({
      mean: a.mean((trip) => trip.km),
      longest: a.max((trip) => trip.km),
      cars: a.distinct((trip) => trip.stops[0] ?? 0),
    }))
    .to(collected())
    .start().done

  const sales = Array.from({ length: RECORDS }, (_, i) => ({
    shop: `s${next(30)}`,
    item: `i${next(40)}`,
    soldAt: at(i),
    price: next(10_000) / 100,
  }))
  await pipeline('other-hops')
    .from(sales)
    .map((sale) => ({ ...sale, cents: sale.price * 100 }))
    .eventTime({ timestamp: (sale) => sale.soldAt, watermark: boundedOutOfOrderness('2s') })
    .keyBy((sale) => [sale.shop, sale.item] as const)
    .window(hopping('10s', { every: '4s' }), { allowedLateness: '3s' })
    .aggregate((a) => ({
      spread: a.variance((sale) => sale.cents),
      top: a.topK((sale) => sale.item, { k: 3 }),
      last: a.last((sale) => sale.price),
    }))
    .map((value) => value.spread)
    .to(collected())
    .start().done

  const pings = Array.from({ length: RECORDS }, (_, i) => ({ ok: next(3) > 0, when: at(i) }))
  await pipeline('other-tumbles')
    .from(pings)
    .eventTime({
      timestamp: (ping, meta) => ping.when + Number(meta.position.offset % 2n),
      watermark: boundedOutOfOrderness('1s'),
    })
    .keyBy((ping) => ping.ok)
    .window(tumbling('15s'), {
      trigger: earlyAndLate({ earlyEvery: '1s' }),
      allowedLateness: '10s',
      accumulation: 'discarding',
    })
    .reduce((a, b) => (a.when > b.when ? a : b))
    .to(collected())
    .start().done
}
