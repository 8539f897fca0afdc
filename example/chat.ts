/**
 * A chat: the server is a policy, and the page speaks Bayeux by hand, over nothing but a WebSocket.
 *
 *     npm run build && node dist/example/chat.js     # open http://localhost:3000 in two browsers
 */
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chat</title>
<style>:root { color-scheme: light dark } body { font: 16px system-ui; max-width: 36rem; margin: 2rem auto; padding: 0 1rem } input { width: 70% }</style>
<h1>Chat</h1>
<ul aria-live="polite"></ul>
<form><input maxlength="200" autofocus aria-label="What you say"> <button>Say</button></form>
<script type="module">
const list = document.querySelector('ul')
const input = document.querySelector('input')
let socket, clientId
const send = message => socket.send(JSON.stringify([{ clientId, ...message }]))
const connect = () => send({ channel: '/meta/connect', connectionType: 'websocket' })
function open () {
  clientId = undefined
  socket = new WebSocket(location.origin.replace('http', 'ws') + '/realtime')
  socket.onopen = () => send({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] })
  socket.onmessage = ({ data }) => JSON.parse(data).forEach(receive)
  socket.onclose = () => setTimeout(open, 1000)
}
function receive (message) {
  if (message.successful === false) return message.channel.startsWith('/meta/') && socket.close()
  if (message.channel === '/meta/connect') connect()
  if (message.channel === '/chat' && message.data !== undefined) list.append(Object.assign(document.createElement('li'), { textContent: message.data }))
  if (message.channel !== '/meta/handshake') return
  clientId = message.clientId
  connect()
  send({ channel: '/meta/subscribe', subscription: '/chat' })
}
document.querySelector('form').onsubmit = event => {
  event.preventDefault()
  send({ channel: '/chat', data: input.value })
  input.value = ''
}
open()
</script>`

const app = Fastify()
await app.register(realtime, {
  policy: {
    canSubscribe: (_session, channel) => channel === '/chat',
    canPublish: (_session, channel, data) => channel === '/chat' && typeof data === 'string' && data.length <= 200
  }
})
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Chat: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
