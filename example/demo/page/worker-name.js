/** On which worker the session lives, where the demo runs on several: the gateway says so when it answers a connect. */

/** @returns an extension of the client */
export function workerName (element) {
  return {
    name: 'worker name',
    incoming (message) {
      const worker = message.channel === '/meta/connect' ? message.ext?.worker : undefined
      if (worker !== undefined) {
        element.textContent = `to worker ${worker}`
        element.hidden = false
      }
      return message
    }
  }
}
