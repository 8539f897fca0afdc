/**
 * An application that talks through CometD's client, of any version. It shakes hands as soon as it is loaded, and
 * subscribes in its listener for handshakes, as CometD's documentation has it. Asked for in the address:
 * `transport=long-polling`, `ack`, `reload`, and `subscribe=/channel`.
 */
export function speak ({ CometD, AckExtension, ReloadExtension }) {
  const asked = new URLSearchParams(window.location.search)
  const client = new CometD()
  client.unregisterTransport('callback-polling')
  if (asked.get('transport') === 'long-polling') client.unregisterTransport('websocket')
  client.configure({ url: `${window.location.origin}/realtime`, logLevel: 'warn', backoffIncrement: 50, maxBackoff: 200, maxNetworkDelay: 5000 })
  if (asked.has('ack')) client.registerExtension('ack', new AckExtension())
  if (asked.has('reload')) {
    client.registerExtension('reload', new ReloadExtension())
    window.addEventListener('pagehide', () => client.reload())
  }

  const came = []
  client.registerExtension('came', {
    incoming: message => {
      came.push(JSON.parse(JSON.stringify(message)))
      return message
    }
  })

  const heard = {}
  const subscriptions = new Map()
  const subscribe = (channel, data) => new Promise((resolve, reject) => {
    heard[channel] ??= []
    const handle = client.subscribe(channel, message => heard[channel].push(message.data), data === undefined ? {} : { data }, settle(resolve, reject))
    subscriptions.set(channel, { handle, data })
  })
  for (const channel of asked.getAll('subscribe')) subscriptions.set(channel, {})
  client.addListener('/meta/handshake', reply => {
    if (reply.successful !== true) return
    client.batch(() => {
      for (const [channel, { data }] of subscriptions) subscribe(channel, data)
    })
  })

  window.speaker = {
    came,
    heard,
    subscribe,
    publish: (channel, data) => new Promise((resolve, reject) => client.publish(channel, data, settle(resolve, reject))),
    unsubscribe: channel => new Promise((resolve, reject) => {
      client.unsubscribe(subscriptions.get(channel).handle, settle(resolve, reject))
      subscriptions.delete(channel)
    }),
    disconnect: () => new Promise((resolve, reject) => client.disconnect(settle(resolve, reject))),
    clientId: () => client.getClientId(),
    transport: () => client.getTransport()?.type ?? client.getTransport()?.getType()
  }
  client.handshake()
}

const settle = (resolve, reject) => reply => {
  if (reply.successful === true) resolve()
  else reject(new Error(reply.error ?? JSON.stringify(reply)))
}
