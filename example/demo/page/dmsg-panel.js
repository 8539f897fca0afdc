/** The panel of `dmsg`: lines in a pane that follows them, unless the visitor has scrolled up to read. */

const KEPT = 200
const NEAR = 24

export class DmsgPanel {
  #pane = document.getElementById('dmsg-lines')

  /** The last lines come again whenever the service is opened. */
  meet (service) {
    service.on('state', state => {
      if (state === 'connected') this.#pane.replaceChildren()
    })
  }

  take (line) {
    const pane = this.#pane
    const follows = pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR
    pane.append(lineElement(line))
    while (pane.childElementCount > KEPT) pane.firstElementChild.remove()
    if (follows) pane.scrollTop = pane.scrollHeight
  }
}

function lineElement (line) {
  const element = document.createElement('div')
  element.className = 'line'
  const [, time, level, text] = /^(\d\d:\d\d:\d\d) ([a-z]+) +(.*)$/s.exec(line) ?? []
  if (time === undefined) {
    element.textContent = line
    return element
  }
  element.dataset.level = level
  for (const [name, part] of Object.entries({ time, level, text })) {
    const span = document.createElement('span')
    span.className = name
    span.textContent = name === 'level' ? `${part.padEnd(5)} ` : name === 'time' ? `${part} ` : part
    element.append(span)
  }
  return element
}
