/** An application on nodefony-stage's realtime; what it fires is kept. */
const fired = []

window.nodefonyStage = {
  fired,
  open () {
    const { realtime: Realtime } = window.stage
    const realtime = new Realtime(`${window.location.origin}/realtime`)
    for (const name of ['onUnauthorized', 'onAuthorized', 'onHandshake', 'onConnect', 'onDisconnect', 'onSubscribe', 'onUnSubscribe', 'onMessage', 'onClose', 'onError']) {
      realtime.listen(null, name, (...details) => { fired.push([name, ...details.map(plain)]) })
    }
    window.realtime = realtime
    realtime.start()
  }
}

// Requests, sockets and the client itself are among what an event brings; they say nothing as JSON.
function plain (detail) {
  if (detail instanceof Event) return { type: detail.type, code: detail.code }
  return typeof detail !== 'object' || Object.getPrototypeOf(detail) === Object.prototype ? detail : null
}
