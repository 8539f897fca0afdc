/** The page: its parts put together. */
import { Connection } from './connection.js'
import { DmsgPanel } from './dmsg-panel.js'
import { EventLog } from './event-log.js'
import { MonitoringPanel } from './monitoring-panel.js'
import { RandomPanel } from './random-panel.js'
import { ServiceList } from './service-list.js'
import { Status } from './status.js'
import { Subscriptions } from './subscriptions.js'

const log = new EventLog(document.getElementById('log'))
const note = (kind, text) => log.note(kind, text)

const connection = new Connection({
  note,
  onState: () => {
    status.show(connection)
    list.enable(connection.connected)
    random.enable(connection.connected && isLive('random'))
    if (connection.connected) subscriptions.restore()
  },
  onSession: services => {
    list.list(services)
    subscriptions.forgetAll()
  },
  onEnded: message => subscriptions.ended(message)
})

const random = new RandomPanel(connection, note)
const panels = { random, dmsg: new DmsgPanel(), monitoring: new MonitoringPanel() }
const status = new Status(() => connection.open(), transport => connection.use(transport))
const list = new ServiceList(document.getElementById('services'), name => {
  if (name === 'random') random.renew()
  subscriptions.toggle(name)
})
const subscriptions = new Subscriptions(connection, panels, service => {
  list.show(service)
  const panel = document.querySelector(`[data-panel="${window.CSS.escape(service.name)}"]`)
  if (panel !== null) panel.dataset.state = service.state
  if (service.name === 'random') random.enable(connection.connected && service.state === 'on')
}, note)

function isLive (name) {
  return document.querySelector(`[data-panel="${name}"]`).dataset.state === 'on'
}

connection.open()
