/** An application on nodefony-client's Socket, as its readme makes one; what it fires is kept. */
const fired = []
let socket = null

window.nodefonyClient = {
  fired,
  open () {
    socket = new window.nodefony.Socket('/realtime')
    for (const name of ['handshake', 'connect', 'ready', 'disconnect', 'subscribe', 'unsubscribe', 'message', 'close', 'error']) {
      // The last of what an event brings is the socket itself.
      socket.on(name, (...details) => fired.push([name, ...details.filter(detail => detail !== socket).map(plain)]))
    }
    window.socket = socket
  },
  // It has no method for messages: its protocol makes the text, and the socket sends it.
  send: (service, data) => socket.send(socket.protocol.sendMessage(service, data, socket.subscribedService[service].clientId))
}

// An event of the browser says nothing as JSON.
const plain = detail => detail instanceof Event ? { type: detail.type, code: detail.code } : detail
