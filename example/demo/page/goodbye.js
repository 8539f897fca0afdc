/** The last word of a page that is closed or loaded again, so that nobody waits for one that will not come back. */

/** @param clientId gives the name of the session; null where there is none, or no way to say so */
export function sayGoodbye (clientId) {
  window.addEventListener('pagehide', () => {
    const id = clientId()
    // Whatever else a page sends while it goes may be given up with it.
    if (id !== null) window.navigator.sendBeacon('/demo/leaving', id)
  })
}
