/** The monitor page: its parts put together. */
import { Channels } from './channels.js'
import { Connection, gateway } from './connection.js'
import { Figures } from './figures.js'
import { Services } from './services.js'
import { Sessions } from './sessions.js'
import { SignIn } from './sign-in.js'
import { error, say } from './spell.js'
import { Status } from './status.js'

const panels = document.getElementById('panels')
const signIn = new SignIn()
const connection = new Connection({
  authenticate: signIn.authenticate,
  onChange: () => status.show(),
  onRefused: ({ message }) => {
    panels.hidden = true
    signIn.show(`You may not see this gateway: ${error(message)}`, credentials => connection.open(credentials))
  },
  onView: view => {
    signIn.settle()
    panels.hidden = false
    for (const panel of [figures, sessions, channels, services]) panel.show(view)
  }
})
const status = new Status(connection)
const look = () => connection.look({ ...sessions.look, ...channels.look })
const figures = new Figures()
const sessions = new Sessions(look, async number => {
  try {
    await connection.end(number)
    say(document.getElementById('sessions-found'), `Session ${number} was ended`)
  } catch ({ message }) {
    say(document.getElementById('sessions-found'), `Session ${number} was not ended: ${message}`)
  }
})
const channels = new Channels(look, channel => sessions.find(channel))
const services = new Services()

say(document.getElementById('gateway'), gateway.replace(/^https?:\/\//, ''))
connection.open()
// Who leaves says goodbye; a page that the browser kept comes back.
window.addEventListener('pagehide', () => connection.client.close())
window.addEventListener('pageshow', ({ persisted }) => persisted && connection.open())
