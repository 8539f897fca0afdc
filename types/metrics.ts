/** Counters since start, and gauges of now. Plain numbers, cheap to read. */
export interface Metrics {
  /** Gauges. */
  sessions: number
  subscriptions: number
  links: number
  heldConnects: number
  /** Messages that came in, and that went out (replies and events). */
  messagesIn: number
  messagesOut: number
  /** Messages published by clients and by the application, and their deliveries to sessions. */
  published: number
  delivered: number
  handshakes: number
  /** Sessions that expired, that were ended because they read too slowly, that moved to another connection. */
  expired: number
  overflowed: number
  takenOver: number
  /** Times that services were paused for a slow client, and publishes withheld for a slow service. */
  clientPauses: number
  servicePauses: number
  /** Events of services, bytes read from them and written to them. */
  serviceEvents: number
  serviceBytesIn: number
  serviceBytesOut: number
  /** Error replies, by code: `{ 402: 3 }`. */
  refused: Record<number, number>
}
