/** Readings that the curve shows: a minute of one per second. */
const READINGS = 60;

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 240;
const HEIGHT = 40;

/** A curve of the last minute's bitrate, as rivers have one of their flow. */
export class Hydrograph {
  private readonly curve: SVGPathElement;
  private readonly readings: number[] = [];

  constructor(svg: SVGSVGElement) {
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    this.curve = document.createElementNS(SVG, 'path');
    // The picture is stretched to its box; the line is not.
    this.curve.setAttribute('vector-effect', 'non-scaling-stroke');
    svg.replaceChildren(this.curve);
  }

  add(bps: number): void {
    this.readings.push(bps);
    if (this.readings.length > READINGS) this.readings.shift();
    const top = Math.max(...this.readings, 1);
    const points = this.readings.map((reading, index) => {
      const x = WIDTH - ((this.readings.length - 1 - index) * WIDTH) / (READINGS - 1);
      return `${x.toFixed(1)} ${(HEIGHT - (reading / top) * (HEIGHT - 4) - 1).toFixed(1)}`;
    });
    this.curve.setAttribute('d', points.length > 1 ? `M${points.join('L')}` : '');
  }

  clear(): void {
    this.readings.length = 0;
    this.curve.setAttribute('d', '');
  }
}
