/**
 * Errors as values: the `error` field of a Bayeux reply, `code:args:text`
 * (docs/protocol.md, section 4). A refusal is one of these texts; an exception is a bug.
 */

/** What each code says when nothing more precise is known. */
export const errorTexts = {
  400: 'Bad request',
  401: 'Not authenticated',
  402: 'Unknown client',
  403: 'Forbidden',
  404: 'Unknown service',
  405: 'Nobody may publish here',
  408: 'Timed out',
  413: 'Too large',
  422: 'Data does not fit',
  429: 'Too many',
  500: 'Internal error',
  502: 'Service failed',
  503: 'Unavailable',
  504: 'No answer in time'
} as const

/** The codes that this gateway sends. */
export type ErrorCode = keyof typeof errorTexts

/** `code:args:text`, as it stands in `error` of an unsuccessful reply. */
export type Refusal = `${number}:${string}:${string}`

const LONGEST_ARGUMENT = 255

/**
 * Spells an error.
 * @param code one of {@link errorTexts}
 * @param args what it is about (a channel, a clientId), comma-separated where there are several; may be empty
 * @param text for a person to read; by default what the code means
 */
export function refusal (code: ErrorCode, args: string = '', text: string = errorTexts[code]): Refusal {
  return `${code}:${args.slice(0, LONGEST_ARGUMENT).replaceAll(':', '%3A')}:${text}`
}

const REFUSAL = /^\d{3}:[^:]*:/

/** Whether a value is an error in Bayeux's form. */
export function isRefusal (value: unknown): value is Refusal {
  return typeof value === 'string' && REFUSAL.test(value)
}

/** The code of an error, 0 where the text has none. */
export function refusalCode (error: string): number {
  return Number.parseInt(error, 10) || 0
}

/** The text of an error, without its code and its arguments, which may hold a clientId. */
export function refusalText (error: string): string {
  return error.replace(REFUSAL, '')
}
