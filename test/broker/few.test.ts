import fc from 'fast-check'
import t from 'tap'
import { Few } from '../../lib/broker/few.js'

t.test('few are what a Set is, however many they become', async t => {
  const step = fc.record({ act: fc.constantFrom('add', 'delete', 'has'), item: fc.nat({ max: 14 }) })
  t.ok(fc.assert(fc.property(fc.array(step, { maxLength: 120 }), steps => {
    const few = new Few<number>()
    const set = new Set<number>()
    for (const { act, item } of steps) {
      const before = set.has(item)
      const said = act === 'add' ? few.add(item) : act === 'delete' ? few.delete(item) : few.has(item)
      if (act === 'add') set.add(item)
      if (act === 'delete') set.delete(item)
      if (said !== (act === 'add' ? !before : before)) throw new Error(`${act} ${item} said ${said}`)
      if (few.size !== set.size || [...few].join() !== [...set].join()) throw new Error(`${[...few]} is not ${[...set]}`)
    }
  }), { numRuns: 2000 }) === undefined)
})
