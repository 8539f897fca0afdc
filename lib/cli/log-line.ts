/**
 * A record of the log as one line for people. It holds the message of the record, which service it is
 * about, and the text of its error or of a process's stderr, and nothing else, so no header, cookie or
 * token can slip through.
 */

interface LogRecord {
  readonly level: number
  readonly time: number
  readonly msg?: string
  readonly service?: string
  readonly stderr?: string
  readonly err?: { readonly message?: string, readonly code?: string }
}

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }

/** @param json a record, as the logger spells it */
export function logLine (json: string): string {
  const { level, time, msg = '', service, stderr, err } = JSON.parse(json) as LogRecord
  const clock = new Date(time).toTimeString().slice(0, 8)
  const subject = service === undefined ? '' : `/service/${service}: `
  // An AggregateError, of all addresses of a host, has a code and no message.
  const reason = err?.message || err?.code || stderr
  const said = subject + (reason === undefined || reason === msg ? msg : `${msg}: ${reason}`)
  // A message may quote what a client sent; a line break or a control character in it must not make two lines.
  // eslint-disable-next-line no-control-regex
  return `${clock} ${(LEVELS[level] ?? '?').padEnd(5)} ${said.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')}`
}
