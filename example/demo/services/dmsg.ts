/**
 * The service `dmsg`: the log of the server as a text feed, the last lines first. Who reads too slowly
 * misses lines, and is told how many.
 */
import type { LogFeed } from '../log-feed.js'
import { say, textService, type TextService } from './text-service.js'

/** @param feed the log */
export function dmsg (feed: LogFeed): TextService {
  return textService(socket => {
    let missed = 0
    const unfollow = feed.follow(line => {
      if (missed > 0 && say(socket, `(${missed} lines left out)`)) missed = 0
      if (!say(socket, line)) missed++
    })
    socket.on('close', unfollow)
    // Nothing is expected from this side, but a stream that nobody reads never ends.
    socket.resume()
  })
}
