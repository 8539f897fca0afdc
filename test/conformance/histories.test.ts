/** Every history through the suite of its port: the one in memory, and one that is far away. */
import { MemoryHistory } from '../../lib/broker/history.js'
import { readOptions } from '../../lib/options/index.js'
import { DistantHistory } from '../harness/distant-history.js'
import { historySuite } from './history.js'

const { limits } = readOptions()

historySuite({ name: 'in memory', make: () => new MemoryHistory(limits) })
historySuite({ name: 'far away', make: () => new DistantHistory(), runs: 10 })
