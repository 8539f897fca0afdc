/** Upgrades that come while the server closes. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { startGateway } from '../harness/gateway.js'
import { SocketClient } from '../harness/socket-client.js'
import { within } from '../harness/until.js'

const UPGRADE = 'GET /realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

t.test('such an upgrade is refused, and does not keep the server', async t => {
  const { app, origin, wsUrl } = await startGateway(t, { drain: 2000 })
  // Closing waits for this one, which reads nothing.
  const silent = await SocketClient.connect(t, wsUrl)
  silent.ws.pause()
  const closed = app.close()
  const late = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => late.destroy())
  let answer = ''
  late.on('data', data => { answer += String(data) })
  late.write(UPGRADE)
  await within(once(late, 'end'), 'the gateway hangs up')
  t.match(answer, /^HTTP\/1.1 503 /)
  await within(closed, 'close')
})
