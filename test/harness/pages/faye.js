/** An application that talks through Faye's client. Asked for in the address: `transport=long-polling`. */
const asked = new URLSearchParams(window.location.search)
const client = new window.Faye.Client(`${window.location.origin}/realtime`, { retry: 0.1 })
if (asked.get('transport') === 'long-polling') client.disable('websocket')

const came = []
let clientId = null
client.addExtension({
  incoming: (message, pass) => {
    came.push(JSON.parse(JSON.stringify(message)))
    if (message.channel === '/meta/handshake' && message.successful) clientId = message.clientId
    pass(message)
  }
})

const heard = {}
const subscriptions = new Map()

// What Faye returns is a promise and more than can leave the page; it takes apart what the server said.
const plain = thenable => thenable.then(() => {}, ({ code, params, message }) => { throw new Error(`${code}:${params}:${message}`) })

window.speaker = {
  came,
  heard,
  async subscribe (channel) {
    heard[channel] ??= []
    const subscription = client.subscribe(channel, data => heard[channel].push(data))
    subscriptions.set(channel, subscription)
    await plain(subscription)
  },
  publish: (channel, data) => plain(client.publish(channel, data)),
  async unsubscribe (channel) {
    subscriptions.get(channel).cancel()
    subscriptions.delete(channel)
  },
  disconnect: () => plain(client.disconnect()),
  clientId: () => clientId,
  transport: () => client._dispatcher.connectionType
}
client.connect()
