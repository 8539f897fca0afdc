/** As much of JSON-RPC 2.0 over lines as a small service needs; `result` and `error` both stand in every answer. */

/** What a client asks. */
export interface Call {
  readonly id: string | number | null
  readonly method: string
  readonly params: readonly unknown[]
}

/** An error of the protocol, with its code. */
export class RpcError extends Error {
  readonly code: number

  constructor (code: number, message: string) {
    super(message)
    this.code = code
  }
}

export const parseError = () => new RpcError(-32700, 'Parse error')
export const invalidRequest = () => new RpcError(-32600, 'Invalid request')
export const methodNotFound = (method: string) => new RpcError(-32601, `Method not found: ${method}`)
export const invalidParams = (text: string) => new RpcError(-32602, `Invalid params: ${text}`)

/** The line that says a result. */
export function resultLine (result: unknown, id: Call['id'] = null): string {
  return JSON.stringify({ jsonrpc: '2.0', result, error: null, id })
}

/** The line that says an error. */
export function errorLine ({ code, message }: RpcError, id: Call['id'] = null): string {
  return JSON.stringify({ jsonrpc: '2.0', result: null, error: { code, message }, id })
}

/** @throws RpcError where the line is no call */
export function readCall (line: string): Call {
  const value = parse(line)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidRequest()
  const { id = null, method, params = [] } = value as Partial<Call>
  if (typeof method !== 'string' || !(id === null || typeof id === 'string' || typeof id === 'number')) throw invalidRequest()
  if (!Array.isArray(params)) throw invalidParams('expected a list')
  return { id, method, params }
}

function parse (line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw parseError()
  }
}
