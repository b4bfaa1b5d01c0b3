import { isRecord } from './layers.ts';

/** Warnings that are read of one event; a page with more would help nobody. */
const WARNINGS_MAX = 32;

/** The names in the data of a `warnings` event. Whatever is not one is passed over. */
export function warningsOf(data: unknown): string[] {
  const list: unknown = isRecord(data) ? data.warnings : undefined;
  if (!Array.isArray(list)) return [];
  return list.slice(0, WARNINGS_MAX).filter((name): name is string => typeof name === 'string');
}
