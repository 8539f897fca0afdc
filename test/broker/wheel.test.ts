import t from 'tap'
import { now, Wheel, type Due } from '../../lib/broker/wheel.js'
import { until } from '../harness/until.js'

t.test('what is due fires once, never early, also what was due before a wheel that was idle for long', async t => {
  const fired: Due[] = []
  const wheel = new Wheel<Due>(item => fired.push(item))
  t.teardown(() => wheel.stop())
  const idleSince = now()
  await until(() => now() > idleSince + 500)
  const past = { due: Infinity, slot: 0 }
  wheel.set(past, now() - 10_000)
  await until(() => fired.includes(past))

  const moved = { due: Infinity, slot: 0 }
  const never = { due: Infinity, slot: 0 }
  wheel.set(moved, now() + 100)
  wheel.set(never, now() + 100)
  const later = now() + 400
  wheel.set(moved, later)
  wheel.set(never, Infinity)
  await until(() => fired.includes(moved))
  t.ok(now() >= later)
  t.strictSame(fired, [past, moved])
})
