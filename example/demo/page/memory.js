/** What the page remembers while it is loaded again: as long as its session, and in this tab only. */

const PREFIX = 'fastify-bayeux-demo:'

/** @returns what was remembered, or `otherwise` */
export function recall (name, otherwise) {
  const text = window.sessionStorage.getItem(PREFIX + name)
  return text === null ? otherwise : JSON.parse(text)
}

export function remember (name, value) {
  window.sessionStorage.setItem(PREFIX + name, JSON.stringify(value))
}
