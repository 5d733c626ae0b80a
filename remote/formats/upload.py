"""A file that is sent as a browser sends it, with other fields beside it (multipart/form-data, RFC 7578)."""

from __future__ import annotations

from urllib3.filepost import encode_multipart_formdata

from ..errors import ConfigurationError, _lt
from ..options import Option
from ..template import form_encode
from .base import Form, form, make


@form
class Upload(Form):
    """The body is an object: one of its entries becomes a file, each other one a field."""

    name = "multipart"
    label = _lt("File upload")
    body_options = {
        "file": Option(_lt("Entry of the body that is the file"), "text", "file"),
        "filename": Option(_lt("Name of the file"), "text", "records.csv"),
        "format": Option(_lt("Format of the file"), "choice", "csv", ("csv", "json", "jsonl", "xml")),
        "options": Option(_lt("Options of the format of the file"), "object", {}),
    }

    def _check(self):
        self._file = make(self.options["format"], self.options["options"], is_body=True)

    def check_template(self, template):
        name = self.options["file"]
        if not isinstance(template, dict) or name not in template:
            raise ConfigurationError(
                _lt('The body is an object in which “%(name)s” is the file: {"%(name)s": "{records}"}.'), name=name
            )
        self._file.check_template(template[name])

    def write(self, value):
        name = self.options["file"]
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"there is nothing for the file “{name}”")
        content, media = self._file.write(value[name])
        fields = form_encode({key: one for key, one in value.items() if key != name})
        return encode_multipart_formdata([*fields, (name, (self.options["filename"], content, media))])
