/**
 * The element of a page that carries a test id. The ids are listed in the README and are the one
 * set of names that pages, tests and automation share.
 */
export function element<E extends Element>(testId: string, kind: new () => E): E {
  return within(document, `[data-testid="${testId}"]`, kind);
}

/** The element that a selector finds. A page without it is broken, and says so at once. */
export function within<E extends Element>(
  root: ParentNode,
  selector: string,
  kind: new () => E,
): E {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} ${selector}`);
  return found;
}

/** A fresh copy of the single element in a template. */
export function copyOf<E extends Element>(templateId: string, kind: new () => E): E {
  const template = within(document, `#${templateId}`, HTMLTemplateElement);
  const copy = template.content.cloneNode(true) as DocumentFragment;
  return within(copy, '*', kind);
}
