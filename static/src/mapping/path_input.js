/** @odoo-module **/

import { Component } from "@odoo/owl";
import { AutoComplete } from "@web/core/autocomplete/autocomplete";
import { fuzzyLookup } from "@web/core/utils/search";

const MOST = 30;

/** Where a path is typed, or chosen from what a sample has. */
export class PathInput extends Component {
    static template = "integration_bridge.PathInput";
    static components = { AutoComplete };
    static props = {
        id: { type: String, optional: true },
        path: { type: String },
        places: { type: Array },
        position: { type: Number },
        onChange: { type: Function },
    };

    static defaultProps = { id: "bridge_path" };

    get sources() {
        return [{ options: (typed) => this.options(typed), optionSlot: "place" }];
    }

    options(typed) {
        const { places, position } = this.props;
        const found = typed ? fuzzyLookup(typed, places, (place) => place.path) : places;
        return found.slice(0, MOST).map((place) => {
            const text = place.texts[position] ?? place.texts.find((one) => one !== null) ?? "";
            return {
                label: place.path,
                data: { text },
                onSelect: () => this.props.onChange(place.path),
            };
        });
    }

    onTyped({ inputValue }) {
        const path = inputValue.trim();
        if (path !== this.props.path) {
            this.props.onChange(path);
        }
    }
}
