import type { Advice } from './advice.js'
import type { ReplyMessage } from './message.js'

// Nothing in it that JSON escapes.
const PLAIN = /^[ !#-[\]-~]*$/

/**
 * A reply as JSON. The usual one, of success with nothing but its channel, whose it is and some advice, is joined out of
 * its parts, in a third of the time that `JSON.stringify` takes: each poll and each publish has one.
 */
export function spellReply (reply: Readonly<ReplyMessage>): string {
  for (const field in reply) if (!isUsual(field)) return JSON.stringify(reply)
  const { channel, successful, id, clientId, advice } = reply
  if (channel === undefined || successful !== true) return JSON.stringify(reply)
  let text = '{"channel":' + spell(channel) + ',"successful":true'
  if (id !== undefined) text += ',"id":' + spell(id)
  if (clientId !== undefined) text += ',"clientId":' + spell(clientId)
  if (advice !== undefined) text += ',"advice":' + spellAdvice(advice)
  return text + '}'
}

function isUsual (field: string): boolean {
  return field === 'channel' || field === 'successful' || field === 'id' || field === 'clientId' || field === 'advice'
}

function spell (value: string | number): string {
  return typeof value === 'string' && PLAIN.test(value) ? '"' + value + '"' : JSON.stringify(value)
}

// All connects of a gateway are advised the same.
let lastAdvice: Readonly<Advice> | null = null
let lastText = ''

function spellAdvice (advice: Readonly<Advice>): string {
  if (advice !== lastAdvice) {
    lastText = JSON.stringify(advice)
    lastAdvice = advice
  }
  return lastText
}
