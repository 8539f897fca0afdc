/** A line chart of the last values, drawn by hand on a canvas, sharp on any screen. */

const KEPT = 60
const WITH_LABELS = { top: 8, right: 10, bottom: 8, left: 30 }
const WITHOUT = { top: 4, right: 5, bottom: 2, left: 0 }

export class Chart {
  #canvas
  #values = []
  #asked = false
  #top
  #least
  #lines

  /**
   * @param top the value at the upper edge; `null` is the largest one shown
   * @param least what the upper edge stands for at least
   * @param lines values with a line and a label
   */
  constructor (canvas, { top = null, least = 1, lines = [] }) {
    this.#canvas = canvas
    this.#top = top
    this.#least = least
    this.#lines = lines
    new window.ResizeObserver(() => this.#ask()).observe(canvas)
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#ask())
  }

  add (value) {
    this.#values.push(value)
    if (this.#values.length > KEPT) this.#values.shift()
    this.#ask()
  }

  // However fast numbers come, a screen shows one picture a frame.
  #ask () {
    if (this.#asked) return
    this.#asked = true
    window.requestAnimationFrame(() => {
      this.#asked = false
      this.#draw()
    })
  }

  #draw () {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    const pen = sharpPen(this.#canvas, width, height)
    const style = window.getComputedStyle(this.#canvas)
    const margin = this.#lines.length > 0 ? WITH_LABELS : WITHOUT
    const top = this.#top ?? Math.max(this.#least, ...this.#values)
    const y = value => margin.top + (1 - value / top) * (height - margin.top - margin.bottom)
    const step = (width - margin.left - margin.right) / (KEPT - 1)
    const x = index => width - margin.right - (this.#values.length - 1 - index) * step
    for (const value of this.#lines) drawGridLine(pen, style, value, Math.round(y(value)) + 0.5, margin.left, width - margin.right)
    if (this.#values.length > 0) drawValues(pen, style, this.#values.map((value, index) => [x(index), y(value)]), y(0))
  }
}

function sharpPen (canvas, width, height) {
  const ratio = window.devicePixelRatio || 1
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  const pen = canvas.getContext('2d')
  pen.scale(ratio, ratio)
  return pen
}

function drawGridLine (pen, style, value, y, left, right) {
  pen.font = `11px ${style.fontFamily}`
  pen.textAlign = 'right'
  pen.textBaseline = 'middle'
  pen.lineWidth = 1
  pen.strokeStyle = style.getPropertyValue('--line')
  pen.fillStyle = style.getPropertyValue('--muted')
  pen.beginPath()
  pen.moveTo(left, y)
  pen.lineTo(right, y)
  pen.stroke()
  pen.fillText(String(value), left - 8, y)
}

function drawValues (pen, style, points, floor) {
  const accent = style.getPropertyValue('--accent')
  const [last] = points.slice(-1)
  pen.beginPath()
  for (const [x, y] of points) pen.lineTo(x, y)
  pen.lineWidth = 2
  pen.lineJoin = 'round'
  pen.strokeStyle = accent
  pen.stroke()
  pen.lineTo(last[0], floor)
  pen.lineTo(points[0][0], floor)
  pen.globalAlpha = 0.1
  pen.fillStyle = accent
  pen.fill()
  pen.globalAlpha = 1
  pen.beginPath()
  pen.arc(last[0], last[1], 3.5, 0, 2 * Math.PI)
  pen.fill()
}
