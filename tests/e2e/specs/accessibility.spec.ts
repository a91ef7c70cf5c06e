import { graveViolations } from '../harness/axe.ts';
import { expect, test } from '../harness/test.ts';
import { tourOfACall, tourOfAGroup, tourOfTheDoor, tourOfTheSettings } from '../harness/tour.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    const tours = {
      'the door': tourOfTheDoor,
      'a call': tourOfACall,
      'a group': tourOfAGroup,
      settings: tourOfTheSettings,
    };
    for (const [name, tour] of Object.entries(tours)) {
      test(`the screens of ${name} are accessible`, async ({ street }) => {
        test.setTimeout(120_000);
        const grave: string[] = [];
        // Motion would be looked at half-way, where colours are mixed.
        const options = { colorScheme, reducedMotion: 'reduce' as const };
        await tour(street, options, async (screen, page) => {
          grave.push(...(await graveViolations(page)).map((line) => `${screen}: ${line}`));
        });
        expect(grave, 'serious and critical findings').toEqual([]);
      });
    }
  });
}
