/** What the page remembers: while it is loaded again, in this tab alone, or for the next tab of this browser. */

const PREFIX = 'fastify-bayeux-demo:'
const TAB = window.sessionStorage

/** Of all tabs, where `memory` is this. */
export const BROWSER = window.localStorage

/** @returns what was remembered, or `otherwise` */
export function recall (name, otherwise, memory = TAB) {
  const text = memory.getItem(PREFIX + name)
  return text === null ? otherwise : JSON.parse(text)
}

export function remember (name, value, memory = TAB) {
  memory.setItem(PREFIX + name, JSON.stringify(value))
}
