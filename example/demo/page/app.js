/** The page: its parts put together. */
import { ChatPanel } from './chat-panel.js'
import { Connection } from './connection.js'
import { Conversations } from './conversations.js'
import { DeliveryPanel } from './delivery-panel.js'
import { DmsgPanel } from './dmsg-panel.js'
import { EventLog } from './event-log.js'
import { sayGoodbye } from './goodbye.js'
import { History } from './history.js'
import { MonitoringPanel } from './monitoring-panel.js'
import { Network } from './network.js'
import { RandomPanel } from './random-panel.js'
import { ServiceList } from './service-list.js'
import { Status } from './status.js'
import { transportSwitch } from './transport-switch.js'
import { Visitor } from './visitor.js'
import { workerName } from './worker-name.js'

const log = new EventLog(document.getElementById('log'))
const note = (kind, text) => log.note(kind, text)

const network = new Network(({ cut, swallowed }) => {
  if (document.body.dataset.network !== (cut ? 'cut' : 'whole')) {
    note('network', cut ? 'cut, and nobody is told' : `mended; lost on the wire so far: ${swallowed}`)
    document.body.dataset.network = cut ? 'cut' : 'whole'
  }
  delivery.show()
  status.show()
})
const visitor = new Visitor()
const connection = new Connection(network, [visitor.extension, workerName(document.getElementById('worker'))])
const status = new Status(() => connection.open())
const history = new History(note)
const random = new RandomPanel(note)
const panels = { random, dmsg: new DmsgPanel(), monitoring: new MonitoringPanel() }
const delivery = new DeliveryPanel(network)
const chat = new ChatPanel(visitor)
const states = {}
const list = new ServiceList(document.getElementById('services'), name => conversations.toggle(name))
const conversations = new Conversations(panels, (name, state, why) => {
  states[name] = state
  list.show(name, state, why)
  enable()
}, note)

function enable () {
  list.enable(connection.connected)
  random.enable(connection.connected && states.random === 'connected')
}

connection.onClient(client => {
  client.on('session', () => list.list(client.services))
  client.on('connection', enable)
  history.follow(client)
  status.follow(client)
  conversations.follow(client)
  delivery.follow(client)
  chat.follow(client)
})

transportSwitch(connection.choice, choice => {
  note('transport', `${choice} chosen`)
  connection.open(choice)
})
sayGoodbye(() => network.cut ? null : connection.client.clientId)
connection.open()
