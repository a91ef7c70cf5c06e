import type { Plugin } from 'vite';

/** Where Lucide's package keeps each icon: its data, handed to a component that draws any icon. */
const ICON = /\/@lucide\/svelte\/dist\/icons\/[a-z0-9-]+\.svelte$/;
const DATA = /const iconData = (\{.*\});/;

type IconNode = [tag: string, attributes: Record<string, string | number>];

/** An icon of Lucide's as a component with nothing in it to decide but the size. */
export function staticIcon(source: string): string | null {
  const data = DATA.exec(source)?.[1];
  if (data === undefined) return null;
  const { size, node } = JSON.parse(data) as { size: number; node: IconNode[] };
  const shapes = node.map(([tag, attributes]) => {
    const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
    return `<${tag} ${written.join(' ')} />`;
  });
  return `<script>let { size = 24 } = $props();</script>
<svg xmlns="http://www.w3.org/2000/svg" width={size} height={size} viewBox="0 0 ${size} ${size}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shapes.join('')}</svg>
`;
}

/**
 * Lucide's own component sets each attribute of each shape by itself whenever an icon is drawn.
 * Written out while building, an icon is one clone of a template. `src/icon.d.ts` has its props.
 */
export function staticIcons(): Plugin {
  return {
    name: 'static-icons',
    enforce: 'pre',
    // The dependencies that Vite bundles ahead for its server do not pass through here.
    config: () => ({ optimizeDeps: { exclude: ['@lucide/svelte'] } }),
    transform(source, id) {
      if (!ICON.test(id)) return null;
      const code = staticIcon(source);
      if (code === null) {
        this.error(`${id} has no \`iconData\`: this @lucide/svelte writes icons in another way`);
      }
      return { code, map: null };
    },
  };
}
