//! Ways to write a pipeline file that few people choose.

/// The same site, written otherwise.
pub(super) const ODD: [(&str, &str); 6] = [
    (
        "inline",
        r#"site = { id = "hue", timezone = "Asia/Ho_Chi_Minh" }
model = { street = { package = "ssdlite-coco" } }
camera = [
  # the street
  { id = "le-loi-03", url = "rtsp://h/1", model = "street", zone = { kerb = { polygon = [[0, 0], [1, 0], [1, 1]] } }, rule = [{ use = "illegal-parking", zone = "kerb" }] },
  { id = "square", url = "rtsp://h/2", model = "street" },  # behind it
]
permit = []
"#,
    ),
    (
        "dotted",
        r#"site.id = "hue"
site.timezone = "Asia/Ho_Chi_Minh"
model.street.package = "ssdlite-coco"
[[camera]]
id = "le-loi-03"
url = "rtsp://h/1"
model = "street"
zone.kerb.polygon = [[0, 0], [1, 0], [1, 1]] # the kerb
# between
[[camera.rule]]
use = "illegal-parking"
zone = "kerb"
[[camera]]
id = "square"
url = "rtsp://h/2"
model = "street"
"#,
    ),
    (
        "quoted",
        r#"[ "site" ]
"id" = 'hue'
timezone = "Asia/Ho_Chi_Minh"
[model."street"]
package = """ssdlite-coco"""
[[ "camera" ]]
"id" = "le\u002Dloi-03"
url = "rtsp://h/1"
model = "street"
# above
[ camera . zone . "kerb" ]
'polygon' = [ [0,0],[ 1 , 0 ], # right
 [1,1] ]
[["camera"."rule"]]
'use' = 'illegal-parking'
zone = "kerb"
[[camera]]
id = "square"
url = "rtsp://h/2"
model = "street""#,
    ),
    (
        "held by a table",
        "[site]\nid = \"hue\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[model]\nstreet = { package = \"ssdlite-coco\" }\n\
         [[camera]]\nid = \"le-loi-03\"\nurl = \"rtsp://h/1\"\nmodel = \"street\"\nrule = [\n  # first\n  { use = \"illegal-parking\", zone = \"kerb\" },\n]\n\
         [camera.zone]\n# of both\nkerb.polygon = [[0, 0], [1, 0], [1, 1]]\n\
         [[camera]]\nid = \"square\"\nurl = \"rtsp://h/2\"\nmodel = \"street\"\n",
    ),
    (
        "CRLF",
        "\u{feff}# The street.\r\n[site]\r\nid = \"hue\"\r\ntimezone = \"Asia/Ho_Chi_Minh\"\r\n[model.street]\r\npackage = \"ssdlite-coco\"\r\n\
         [[camera]]\r\nid = \"le-loi-03\"\r\nurl = \"rtsp://h/1\"\r\nmodel = \"street\"\r\n\r\n[camera.zone.kerb]\r\npolygon = [\r\n  [0, 0],\r\n  [1, 0], # right\r\n  [1, 1],\r\n]\r\n\
         [[camera.rule]]\r\nuse = \"illegal-parking\"\r\nzone = \"kerb\"\r\n[[camera]]\r\nid = \"square\"\r\nurl = \"rtsp://h/2\"\r\nmodel = \"street\"\r\n",
    ),
    (
        "out of order",
        "[[camera]]\nid = \"le-loi-03\"\nurl = \"rtsp://h/1\"\nmodel = \"street\"\n[[camera.rule]]\nuse = \"illegal-parking\"\nzone = \"kerb\"\n\
         [camera.zone.kerb]\npolygon = [[0, 0], [1, 0], [1, 1]]\n[[camera]]\nid = \"square\"\nurl = \"rtsp://h/2\"\nmodel = \"street\"\n\
         # at last\n[site]\nid = \"hue\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[model.street]\npackage = \"ssdlite-coco\"\n",
    ),
];
