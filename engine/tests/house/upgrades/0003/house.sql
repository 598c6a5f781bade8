CREATE TABLE "answers" (
    n     INTEGER PRIMARY KEY NOT NULL,
    key   TEXT NOT NULL UNIQUE,
    body  TEXT NOT NULL,
    reply TEXT NOT NULL,
    extra TEXT,
    at    INTEGER NOT NULL
) STRICT;
INSERT INTO answers VALUES (1,'13f3753e60bc4fc42787088dc367c55af578e2e36690081e785bcfd8114c8df5','3806013ebb7b34a1509dd25aa429801a251b64378ad0873276438594eed2316c','{"Ok":{"claimed":"cl_01mcc5rm00fshtf1qfbv3pk2c1"}}','{"form":"postgres","host":"shop","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fshtf1qfbv3pk2c1_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES (2,'2e3176eda208880a5dbccf5af6f187478db5f8178eafb17be0229fb2206c2fc0','5d31b46eb191f62879f86b8a86dc211472cf2b075ec07b3b6a30bb82fa7df0b2','{"Ok":{"claimed":"cl_01mcc5rm00fpkbvb18800cx5e7"}}','{"form":"postgres","host":"shop","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fpkbvb18800cx5e7_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES (3,'9e1b09121a2081230f0ffcd3c66063c5f2aea574f23bcf108243ae359a30cbde','23616955fd0f5cddaaab006fa7f10e94a1106904ad6caf9c080d27005544c642','{"Ok":{"claimed":"cl_01mcc5rm00fqdtadvbayx7reb5"}}','{"form":"postgres","host":"other","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fqdtadvbayx7reb5_1","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES (4,'1aa04c9c2044202c8b4966ae7697afcd903375af95f9790b6d21bb5396b6f56b','bf254d6df79ac5bdb4a146f7caa199a2231261ada058cc93767d11d0bb2c4f2a','{"Ok":{"claimed":"cl_01mcc5rm00ehjtdh2j9fvrwkqt"}}','{"form":"postgres","host":"list","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00ehjtdh2j9fvrwkqt_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
CREATE TABLE asks (
    ask     TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO asks VALUES ('ask_01mcc5rm00e10ak0m38xaz4t9p','req_01mcc5rm00et38razqesga9ed2');
INSERT INTO asks VALUES ('ask_01mcc5rm00eacv95r70vhr1zq6','req_01mcc5rm00fchat5y79zzseeqr');
INSERT INTO asks VALUES ('ask_01mcc5rm00esjavjkzpt058ynw','req_01mcc5rm00e2zbmesh0zthwt4g');
INSERT INTO asks VALUES ('ask_01mcc5rm00fjs81t8n5wftj4rf','req_01mcc5rm00ffqtwzq47jc3dvbg');
INSERT INTO asks VALUES ('ask_01mcc5rm00fp49d8r6cs2arzpy','req_01mcc5rm00e39rftqp53v52axy');
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE TABLE effects (
    key          TEXT PRIMARY KEY NOT NULL,
    request      TEXT,
    kind         TEXT NOT NULL,
    due          INTEGER NOT NULL,
    lane         TEXT,
    version      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO effects VALUES ('req_01mcc5rm00e2zbmesh0zthwt4g/{"revoke":"cl_01mcc5rm00ehjtdh2j9fvrwkqt"}','req_01mcc5rm00e2zbmesh0zthwt4g','{"revoke":"cl_01mcc5rm00ehjtdh2j9fvrwkqt"}',1800000300100,'shared:list:list',1000000839);
INSERT INTO effects VALUES ('req_01mcc5rm00e39rftqp53v52axy/"start_by"','req_01mcc5rm00e39rftqp53v52axy','"start_by"',1800001800000,NULL,1000000796);
INSERT INTO effects VALUES ('req_01mcc5rm00et38razqesga9ed2/"end"','req_01mcc5rm00et38razqesga9ed2','"end"',1800007200000,NULL,1000000814);
INSERT INTO effects VALUES ('req_01mcc5rm00fchat5y79zzseeqr/"end"','req_01mcc5rm00fchat5y79zzseeqr','"end"',1800003600000,NULL,1000000794);
INSERT INTO effects VALUES ('req_01mcc5rm00ffqtwzq47jc3dvbg/{"lapse":"ask_01mcc5rm00fjs81t8n5wftj4rf"}','req_01mcc5rm00ffqtwzq47jc3dvbg','{"lapse":"ask_01mcc5rm00fjs81t8n5wftj4rf"}',1800028800000,NULL,1000000797);
CREATE TABLE ended_early (
    claim   TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL,
    backend TEXT NOT NULL,
    planted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO ended_early VALUES ('cl_01mcc5rm00ehjtdh2j9fvrwkqt','req_01mcc5rm00e2zbmesh0zthwt4g','list',1800014400000);
CREATE TABLE entries (
    n       INTEGER PRIMARY KEY NOT NULL,
    leaf    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    request TEXT,
    subject TEXT,
    actor   TEXT,
    role    TEXT
) STRICT;
INSERT INTO entries VALUES (0,'{"v":1,"kind":"config.changed","at":"2027-01-15T08:00:00.000Z","outcome":"done","fields":{"config":"b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910"}}',1800000000000,NULL,NULL,NULL,NULL);
INSERT INTO entries VALUES (1,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fchat5y79zzseeqr","ask":"ask_01mcc5rm00eacv95r70vhr1zq6","role":"quick","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"through":{"commitment":"e6aa0ae07da4fd18e9c79e3639f946c6206a2c86b0c070c89121e8100d51303d","opening":"op_01mcc5rm00ft89n360k6zfw7g2","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"person":{"commitment":"5fa72cd2d9595267a932f1c315dc2d887dcaab7394175b6d6dc9b289e5be6bc0","opening":"op_01mcc5rm00e9savxwypt9krmrp","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"for":"1h","gives":["use of orders"],"hash":"574847255ca95f32227758fa4e8f3959269e20f86648d184884e50c46e6dd387","reason":{"commitment":"f9aabeb019f6a4a9df6150cd724f42a2f72caa3b5d3014c0677a54d3a88ca78c","opening":"op_01mcc5rm00fqhsz2tga3z0yv4j","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"}}}',1800000000000,'req_01mcc5rm00fchat5y79zzseeqr','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','quick');
INSERT INTO entries VALUES (10,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ffqtwzq47jc3dvbg","ask":"ask_01mcc5rm00fjs81t8n5wftj4rf","role":"db","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"through":{"commitment":"d0c8e86e232a4780e2137557b855669bdd68d8bd1d9ce977ca947d9b9871d709","opening":"op_01mcc5rm00efsvv1hwvwm1h2k9","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"person":{"commitment":"f0b983f0f1fca18f32b33f37cea08e4c684b24c736367e4b00aeaa2853ac7efa","opening":"op_01mcc5rm00evxts04zrkwergg5","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"for":"1h","gives":["use of orders"],"hash":"8b20e6ac48dd4cbf34a417ee11ff442f22509632ad8881f5908ce00d47c8932d","reason":{"commitment":"5b40a428d35b6adf2fc1ef7b39a2f812353748f7f668cb372fda3420469561f5","opening":"op_01mcc5rm00eb78f46nf7benj7n","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"}}}',1800000000000,'req_01mcc5rm00ffqtwzq47jc3dvbg','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','db');
INSERT INTO entries VALUES (11,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","ask":"ask_01mcc5rm00e10ak0m38xaz4t9p","role":"two","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"through":{"commitment":"bae916a6c6f79a8de0f1312dedf643a574ea7f72c0494788cb9749e42350ac39","opening":"op_01mcc5rm00e73bcpdwer0mzwn6","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"person":{"commitment":"bb4ac662369450fdcfd28bd2b1d6e1cf39ccaef46e8672ba74af24c12be532b3","opening":"op_01mcc5rm00e9587tpsph9hbx8w","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"for":"3h","gives":["use of orders","use of orders"],"hash":"b41a9dc49792a0196494f5ac07cc6f3b0cd3f5cb807c69146a0789f7097e05a8","reason":{"commitment":"9d17cc340afe2a117c8880e48f3f3b661d60c7df1e4669a64eb43d3b6ffbdcff","opening":"op_01mcc5rm00enmsfm2nztpk1vj1","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"}}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','two');
INSERT INTO entries VALUES (12,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","ask":"ask_01mcc5rm00e10ak0m38xaz4t9p","role":"two","actor":"sub_01mcc5rm00ege8e7ve208rtdgx","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"by":{"commitment":"aff3727cec20c03604bf184ba23a39ff790719c348792ad38e89da3f69504450","opening":"op_01mcc5rm00fjqayg09jq1g89e8","subject":"sub_01mcc5rm00ege8e7ve208rtdgx"},"through":{"commitment":"8e33e637797c188937ac2fc1c01c0ef242949702c8be917a750def8fb702edc4","opening":"op_01mcc5rm00f7mrqfn7sx64t1me","subject":"sub_01mcc5rm00ege8e7ve208rtdgx"},"hash":"b41a9dc49792a0196494f5ac07cc6f3b0cd3f5cb807c69146a0789f7097e05a8","for":"2h"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00ege8e7ve208rtdgx','two');
INSERT INTO entries VALUES (13,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","ask":"ask_01mcc5rm00e10ak0m38xaz4t9p","role":"two","actor":"sub_01mcc5rm00f9wvwed5xv8kcsde","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"by":{"commitment":"b8099f6c637c3699355873c102ca7c9d94f4b094b53e2366fd4a3b59244fdc3b","opening":"op_01mcc5rm00fd0t5rze05stwwq6","subject":"sub_01mcc5rm00f9wvwed5xv8kcsde"},"through":{"commitment":"2f6c4bb56ebf6f3ed3d15544052c04491e57b4474b29b4d09390f2213ccb43f6","opening":"op_01mcc5rm00f6ss9wb4vj6jasqf","subject":"sub_01mcc5rm00f9wvwed5xv8kcsde"},"hash":"b41a9dc49792a0196494f5ac07cc6f3b0cd3f5cb807c69146a0789f7097e05a8","for":"2h"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f9wvwed5xv8kcsde','two');
INSERT INTO entries VALUES (14,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","ask":"ask_01mcc5rm00e10ak0m38xaz4t9p","grant":"gr_01mcc5rm00f4qsftdmqzf8m413","role":"two","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"for":"2h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'two');
INSERT INTO entries VALUES (15,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","grant":"gr_01mcc5rm00f4qsftdmqzf8m413","role":"two","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"end":"2027-01-15T10:00:00.000Z"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','two');
INSERT INTO entries VALUES (16,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","grant":"gr_01mcc5rm00f4qsftdmqzf8m413","claim":"cl_01mcc5rm00fpkbvb18800cx5e7","role":"two","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"48e6edc915f5a3873fe7fca92aeed5af4df1d4775674bcc90b74b57aed9457bc","opening":"op_01mcc5rm00f9gaww2xhydka0hq","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"end":"2027-01-15T10:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','two');
INSERT INTO entries VALUES (17,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","grant":"gr_01mcc5rm00f4qsftdmqzf8m413","claim":"cl_01mcc5rm00fpkbvb18800cx5e7","role":"two","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'two');
INSERT INTO entries VALUES (18,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","grant":"gr_01mcc5rm00f4qsftdmqzf8m413","claim":"cl_01mcc5rm00fqdtadvbayx7reb5","role":"two","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"entitlement":1,"through":{"commitment":"20033cde5abc175d6db24331f4f3bf4335dfe443208e6c0efef95e79720f6959","opening":"op_01mcc5rm00f9mrh703z4dbbym9","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"end":"2027-01-15T10:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','two');
INSERT INTO entries VALUES (19,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00et38razqesga9ed2","grant":"gr_01mcc5rm00f4qsftdmqzf8m413","claim":"cl_01mcc5rm00fqdtadvbayx7reb5","role":"two","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00et38razqesga9ed2','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'two');
INSERT INTO entries VALUES (2,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fchat5y79zzseeqr","ask":"ask_01mcc5rm00eacv95r70vhr1zq6","role":"quick","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"by":"rule","for":"1h"}}',1800000000000,'req_01mcc5rm00fchat5y79zzseeqr','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'quick');
INSERT INTO entries VALUES (20,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e2zbmesh0zthwt4g","ask":"ask_01mcc5rm00esjavjkzpt058ynw","role":"listed","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"through":{"commitment":"c189c9aad7ee780d35965ae6083f0aeb09c3722af53b6cac6f881236203042c8","opening":"op_01mcc5rm00e3stc9zgzjv4try6","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"person":{"commitment":"d6c359aed79daf0409919817741ccacdb33f7a31b7195632e0977236a37b7620","opening":"op_01mcc5rm00frkb6zf52vcwxy84","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"for":"4h","gives":["use of orders"],"hash":"7e1eda3b5808a578646fa59130d5e2f7e10143bbaf704b3c2dcce97cf212494e","reason":{"commitment":"d295d8927c23c501ca410d1ed09eb47df45660e318aa658e48d0cb93c8d0c9f4","opening":"op_01mcc5rm00e3nav25ja6p1k2hs","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"}}}',1800000000000,'req_01mcc5rm00e2zbmesh0zthwt4g','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','listed');
INSERT INTO entries VALUES (21,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e2zbmesh0zthwt4g","ask":"ask_01mcc5rm00esjavjkzpt058ynw","role":"listed","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"by":"rule","for":"4h"}}',1800000000000,'req_01mcc5rm00e2zbmesh0zthwt4g','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'listed');
INSERT INTO entries VALUES (22,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e2zbmesh0zthwt4g","ask":"ask_01mcc5rm00esjavjkzpt058ynw","grant":"gr_01mcc5rm00fss9pd4640269bj0","role":"listed","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"for":"4h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00e2zbmesh0zthwt4g','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'listed');
INSERT INTO entries VALUES (23,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e2zbmesh0zthwt4g","grant":"gr_01mcc5rm00fss9pd4640269bj0","role":"listed","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"end":"2027-01-15T12:00:00.000Z"}}',1800000000000,'req_01mcc5rm00e2zbmesh0zthwt4g','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','listed');
INSERT INTO entries VALUES (24,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e2zbmesh0zthwt4g","grant":"gr_01mcc5rm00fss9pd4640269bj0","claim":"cl_01mcc5rm00ehjtdh2j9fvrwkqt","role":"listed","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"8d5d4efccc94d3780a67ee22e57794ec038a6ff6ced3774c4d401f65f06f43ab","opening":"op_01mcc5rm00e0xtg5q9ypdmm60c","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"end":"2027-01-15T12:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00e2zbmesh0zthwt4g','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','listed');
INSERT INTO entries VALUES (25,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e2zbmesh0zthwt4g","grant":"gr_01mcc5rm00fss9pd4640269bj0","claim":"cl_01mcc5rm00ehjtdh2j9fvrwkqt","role":"listed","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"known":"assumed: nothing of it can be seen in the target"}}',1800000000000,'req_01mcc5rm00e2zbmesh0zthwt4g','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'listed');
INSERT INTO entries VALUES (26,'{"v":1,"kind":"grant.released","at":"2027-01-15T08:05:00.000Z","request":"req_01mcc5rm00e2zbmesh0zthwt4g","grant":"gr_01mcc5rm00fss9pd4640269bj0","role":"listed","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{}}',1800000300000,'req_01mcc5rm00e2zbmesh0zthwt4g','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','listed');
INSERT INTO entries VALUES (3,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fchat5y79zzseeqr","ask":"ask_01mcc5rm00eacv95r70vhr1zq6","grant":"gr_01mcc5rm00ecmbf8v9n6ddv0hk","role":"quick","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"for":"1h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00fchat5y79zzseeqr','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'quick');
INSERT INTO entries VALUES (4,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fchat5y79zzseeqr","grant":"gr_01mcc5rm00ecmbf8v9n6ddv0hk","role":"quick","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"end":"2027-01-15T09:00:00.000Z"}}',1800000000000,'req_01mcc5rm00fchat5y79zzseeqr','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','quick');
INSERT INTO entries VALUES (5,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fchat5y79zzseeqr","grant":"gr_01mcc5rm00ecmbf8v9n6ddv0hk","claim":"cl_01mcc5rm00fshtf1qfbv3pk2c1","role":"quick","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"0d6a22794f56636ff3c6c83f07953ee89565b74ec99cac96239bc96437f1ca76","opening":"op_01mcc5rm00erxtc2mn83dcyr7h","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"end":"2027-01-15T09:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00fchat5y79zzseeqr','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','quick');
INSERT INTO entries VALUES (6,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fchat5y79zzseeqr","grant":"gr_01mcc5rm00ecmbf8v9n6ddv0hk","claim":"cl_01mcc5rm00fshtf1qfbv3pk2c1","role":"quick","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00fchat5y79zzseeqr','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'quick');
INSERT INTO entries VALUES (7,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e39rftqp53v52axy","ask":"ask_01mcc5rm00fp49d8r6cs2arzpy","role":"elsewhere","actor":"sub_01mcc5rm00f30vp8j1yf9h5s3f","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"through":{"commitment":"a7d0976e7b99c22e4ef1d9777d0a02c3fe51bb2585141465390317959220bb51","opening":"op_01mcc5rm00eb3a129mzqxt49xd","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"person":{"commitment":"4674cd2e339d8f07786675709c09fa8a6699e54138269aa976b593cc09f15877","opening":"op_01mcc5rm00fgx95v06p68rckbz","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"},"for":"2h","gives":["use of orders"],"hash":"f919dc41e6560bdfdf2c18b67a654ab579d6c9e3a55e0175527372d06aeffea2","reason":{"commitment":"413fa9f23be5a2daa6cc229443c61148d723b08adeb877463113e403a4354450","opening":"op_01mcc5rm00ea39k6gpzdxrkp9q","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f"}}}',1800000000000,'req_01mcc5rm00e39rftqp53v52axy','sub_01mcc5rm00f30vp8j1yf9h5s3f','sub_01mcc5rm00f30vp8j1yf9h5s3f','elsewhere');
INSERT INTO entries VALUES (8,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e39rftqp53v52axy","ask":"ask_01mcc5rm00fp49d8r6cs2arzpy","role":"elsewhere","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"by":"rule","for":"2h"}}',1800000000000,'req_01mcc5rm00e39rftqp53v52axy','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'elsewhere');
INSERT INTO entries VALUES (9,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e39rftqp53v52axy","ask":"ask_01mcc5rm00fp49d8r6cs2arzpy","grant":"gr_01mcc5rm00ef6bxqzqpqesp87z","role":"elsewhere","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","outcome":"done","fields":{"for":"2h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00e39rftqp53v52axy','sub_01mcc5rm00f30vp8j1yf9h5s3f',NULL,'elsewhere');
CREATE TABLE erasures (
    subject TEXT PRIMARY KEY NOT NULL,
    done    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE locks (
    only  INTEGER PRIMARY KEY NOT NULL CHECK (only = 1),
    state TEXT NOT NULL
) STRICT;
INSERT INTO locks VALUES (1,'[]');
CREATE TABLE messages (
    notice  TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (notice, channel)
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('config','b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910');
CREATE TABLE nodes (
    level INTEGER NOT NULL,
    i     INTEGER NOT NULL,
    hash  TEXT NOT NULL,
    PRIMARY KEY (level, i)
) STRICT, WITHOUT ROWID;
INSERT INTO nodes VALUES (0,0,'02d604ae34729ac17f044b866326f2b654d72780374ca7b060fae8a62437a2db');
INSERT INTO nodes VALUES (0,1,'cd6223ccafc1459781e0c68ecd5cf63d3158c61dff3b014839a23b9e9ac7365e');
INSERT INTO nodes VALUES (0,10,'2c96db5ece924c64618e172fb1adf69b6ca650b2541aef6f9bd49a3b3acb7cd8');
INSERT INTO nodes VALUES (0,11,'e1076ca24fec755a4ec6e1a268bab810cdc11620939cd9c679831aea7b2a421c');
INSERT INTO nodes VALUES (0,12,'47917b61a5420647f9db287d140ce1055289585f9853d5bcb66208692e9f3a12');
INSERT INTO nodes VALUES (0,13,'68dd118276e11ff0ec56dc8d233db88430e68d46b9d343203873d181fc45e399');
INSERT INTO nodes VALUES (0,14,'604cb0a3cc34e1d3ee94eda3dfee5c5de020345bd4a37fdf283c04eb4ceb1906');
INSERT INTO nodes VALUES (0,15,'23b210bf2358e6a089d7e42eab61906518fcf3623043c7202fe4781605d67d0d');
INSERT INTO nodes VALUES (0,16,'a42dc4f217698008fb171fdf878acf04e22044ccdd70ab360b7f25ce88c9a76c');
INSERT INTO nodes VALUES (0,17,'755cd1f88c5316dbf2916ea82acd9d353df697def9a2e37742635ed109032243');
INSERT INTO nodes VALUES (0,18,'a578be90a43f339d7ff8182001df41f21539768972d26e769c2ddff419e589e0');
INSERT INTO nodes VALUES (0,19,'65eded3a89c9aef7890cbc4049fbdebc8016cd75c91d12d4933458e37f08afa9');
INSERT INTO nodes VALUES (0,2,'894a068b4e75c3c9bed0f84c22c268d5c0c60873983ef08af8d79efb83b46e2d');
INSERT INTO nodes VALUES (0,20,'217b98816aae642904a20c54480d217816bdf99566b692822194de54a99c7c2b');
INSERT INTO nodes VALUES (0,21,'3aefb351803e4a7dd2b9281fae8568d384266f4abc4c93dbf8fd8983626d985e');
INSERT INTO nodes VALUES (0,22,'5f7ab4130b88f989e41b7ddb64553ea811d839f0abb14ac96dd44028b44ed501');
INSERT INTO nodes VALUES (0,23,'f03d6337e7855e2d31cf3938ff5b82e1443a03b505115fc4c6575e0518d72582');
INSERT INTO nodes VALUES (0,24,'5ec9b25ecbead1d649410a56c80e1b07d1a26bb761a6abaa467edad7ff240a96');
INSERT INTO nodes VALUES (0,25,'47959ce1d6d44ce604bbf442ec2fa0f8f49674180677fc93e63704fd3da17b27');
INSERT INTO nodes VALUES (0,26,'50d1c012c523eb8c3871e92d290b46dbbd7f3350bec6124d33fea7c2e7544edf');
INSERT INTO nodes VALUES (0,3,'abf6afb0ff824d27a6cadf7e46275c6486a816ebb835ee4a2bf5e972d6418818');
INSERT INTO nodes VALUES (0,4,'f5c6f10c73630cf9b558746fd4cb951e6c0f250941061aa05d6ffd1623b956f9');
INSERT INTO nodes VALUES (0,5,'4fe3f02b3288b7e9b801ac044ce909029185f9b77c054d6e7e648bb4fbeaf5fb');
INSERT INTO nodes VALUES (0,6,'4958d65d270700505ed00ec3e1f7787593682d277f72222cbb5f71d66ddfd3fc');
INSERT INTO nodes VALUES (0,7,'5f5a98da9233a392c34a8bfe834fc0fa610974a570bdeac273080a8db52c87c0');
INSERT INTO nodes VALUES (0,8,'24fb95c2123965b2b50d283d27c31194dc377dcd31393325c07e667e0e2b41fb');
INSERT INTO nodes VALUES (0,9,'9e30e3e6ce919c5610f09b995279d46cba6c0190e7564f48424e40c450d5f396');
INSERT INTO nodes VALUES (1,0,'15297d00539846dfeac6eefd7d03b33cf770f97afee5cbd98642a06053fff40d');
INSERT INTO nodes VALUES (1,1,'a731c72bbfac3777457fdc5530d45da719809b07e1e005a7799b8620cf4b9e87');
INSERT INTO nodes VALUES (1,10,'778442126d939148bebb7a1c0f93dcd25626e38ecb9150c7479f7e9b6e93f279');
INSERT INTO nodes VALUES (1,11,'b0afbd3669335d6e57244e426b8989e8d06e8b45f2c58ecce8f7777dd1351b87');
INSERT INTO nodes VALUES (1,12,'823769c7f77897bc4bb411c2713e142a023347eb357a93ccfeece2f67b247561');
INSERT INTO nodes VALUES (1,2,'76dd7ac397dbf47055d355e22e719ff136354449c32cb6fd07d62f7758ec133e');
INSERT INTO nodes VALUES (1,3,'9f85cf0956333d50097458462b968d39526e6b603763763eaaac4f08da3805eb');
INSERT INTO nodes VALUES (1,4,'467f43bbc2a27bf5f42c5ebebf4cb02dc55159b8a702d437363dbe0e3b3b3040');
INSERT INTO nodes VALUES (1,5,'8d813c0956cd5fe3489fad346a00067f4a5931b629d7bab3b510d129e4f52a1e');
INSERT INTO nodes VALUES (1,6,'47acfdb6ad566892571d857cb64e927428a3cf45dc8b23f1515801679e25cdaf');
INSERT INTO nodes VALUES (1,7,'695655f41ef4830d8ba4fd637961008944a339022950723383cfc56ff2596dc0');
INSERT INTO nodes VALUES (1,8,'e64a1c7abe9aab863a2065b0c44d7d3f10a1915a092572578c90023b81293732');
INSERT INTO nodes VALUES (1,9,'7110986c12abe5b4821eafe84571cb57552e8063432aeed6f5305227507a35c9');
INSERT INTO nodes VALUES (2,0,'27371e508c1a3954d70682b63a23b8d66855f600d90d79ad5256a0f8d5f067ae');
INSERT INTO nodes VALUES (2,1,'de38aceda06216c41378068e5a2a800db1ceef795c865ac2eca9454a0c9909f5');
INSERT INTO nodes VALUES (2,2,'1d47a28e50ecf3ba8f938fdbcd5453e6aae1bb9921f0c349f0ad15b14df40a8e');
INSERT INTO nodes VALUES (2,3,'22b14eeb72f2d6f94c6f4af1b7693d496f22c62d6abc7e6b191fa503969dadee');
INSERT INTO nodes VALUES (2,4,'aed24636fe4625e34db8d290ae567e4e8b2dadfa70954f2ba319233106862cc5');
INSERT INTO nodes VALUES (2,5,'5076545037b66d7452d32ed3e1a94a8bcff9a72317970662e4d34b0c870d72bc');
INSERT INTO nodes VALUES (3,0,'0d19eb09fc6778db5c37ddfc077338e760ac0b72f950a5bc14047a88361ca595');
INSERT INTO nodes VALUES (3,1,'767c4439c6f56b6cb65512b68fb24bcb5b2207c1c4f9d237f2daa67eb1027310');
INSERT INTO nodes VALUES (3,2,'82e95b632506e797c18985b112e0254241b20c19ca6be2b67fcd36beaf1ec8a2');
INSERT INTO nodes VALUES (4,0,'91e8cd411163a28a524a8abded51062d1956dd571740967a928dc3f8a11c3a23');
CREATE TABLE "requests" (
    n        INTEGER PRIMARY KEY NOT NULL,
    id       TEXT NOT NULL UNIQUE,
    grant_id TEXT UNIQUE,
    subject  TEXT NOT NULL,
    open_key TEXT UNIQUE,
    waiting  INTEGER NOT NULL,
    state    TEXT NOT NULL
) STRICT;
INSERT INTO requests VALUES (1,'req_01mcc5rm00fchat5y79zzseeqr','gr_01mcc5rm00ecmbf8v9n6ddv0hk','sub_01mcc5rm00f30vp8j1yf9h5s3f','63149692f4f303c286ec5c08b66e6a279e54b13294cbd8761faf000b43d97c82',0,'{"id":"req_01mcc5rm00fchat5y79zzseeqr","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","role":"quick","revision":"cc6d7ff6c10d88b51c4359a5ac56fe05c870c640a43da06caf60412fb9d2cfd1","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00fqhsz2tga3z0yv4j","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","digest":"f9aabeb019f6a4a9df6150cd724f42a2f72caa3b5d3014c0677a54d3a88ca78c"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00eacv95r70vhr1zq6","hash":"574847255ca95f32227758fa4e8f3959269e20f86648d184884e50c46e6dd387","span":"1h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00ecmbf8v9n6ddv0hk","approved":"2027-01-15T08:00:00.000Z","span":"1h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T09:00:00.000Z"},"status":{"is":"active"},"claims":[{"id":"cl_01mcc5rm00fshtf1qfbv3pk2c1","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T09:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"shop"}},"status":{"is":"usable","how":"observed"},"failures":0}]}}');
INSERT INTO requests VALUES (2,'req_01mcc5rm00e39rftqp53v52axy','gr_01mcc5rm00ef6bxqzqpqesp87z','sub_01mcc5rm00f30vp8j1yf9h5s3f','bb9b91cb34e8cdbd1570eb53e5eeab14e8310ef4df9c8e9b0ce29c4a9cb87642',0,'{"id":"req_01mcc5rm00e39rftqp53v52axy","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","role":"elsewhere","revision":"6e4f1e13d96c532879f1c9ab15c22b5fcb315ee2880cc6122384bd595f2f4fe0","params":{},"gives":[{"backend":"other","target":"fake://other","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00ea39k6gpzdxrkp9q","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","digest":"413fa9f23be5a2daa6cc229443c61148d723b08adeb877463113e403a4354450"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00fp49d8r6cs2arzpy","hash":"f919dc41e6560bdfdf2c18b67a654ab579d6c9e3a55e0175527372d06aeffea2","span":"2h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00ef6bxqzqpqesp87z","approved":"2027-01-15T08:00:00.000Z","span":"2h","start_by":"2027-01-15T08:30:00.000Z","window":null,"status":{"is":"ready"},"claims":[]}}');
INSERT INTO requests VALUES (3,'req_01mcc5rm00ffqtwzq47jc3dvbg',NULL,'sub_01mcc5rm00f30vp8j1yf9h5s3f','b9cc92455fa3c6d75aeb4facf1149337ee7e1d14d39d55020344de1b09d0f68d',1,'{"id":"req_01mcc5rm00ffqtwzq47jc3dvbg","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","role":"db","revision":"35c3dded89df66f8adedfaab14b13c3b0663964e183b5d012f50258f22f21b40","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00eb78f46nf7benj7n","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","digest":"5b40a428d35b6adf2fc1ef7b39a2f812353748f7f668cb372fda3420469561f5"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00fjs81t8n5wftj4rf","hash":"8b20e6ac48dd4cbf34a417ee11ff442f22509632ad8881f5908ce00d47c8932d","span":"1h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":1,"status":"pending","reviews":[]}],"grant":null}');
INSERT INTO requests VALUES (4,'req_01mcc5rm00et38razqesga9ed2','gr_01mcc5rm00f4qsftdmqzf8m413','sub_01mcc5rm00f30vp8j1yf9h5s3f','d83d1ced4df9b380f0549bf328e1524ede41eeae7609cc706019c0a040c1a131',0,'{"id":"req_01mcc5rm00et38razqesga9ed2","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","role":"two","revision":"697687a08ae186471ddbb4f86090e4f6e0addc973cab48bef18d0f488cc91026","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}},{"backend":"other","target":"fake://other","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00enmsfm2nztpk1vj1","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","digest":"9d17cc340afe2a117c8880e48f3f3b661d60c7df1e4669a64eb43d3b6ffbdcff"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00e10ak0m38xaz4t9p","hash":"b41a9dc49792a0196494f5ac07cc6f3b0cd3f5cb807c69146a0789f7097e05a8","span":"3h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":2,"status":"approved","reviews":[{"subject":"sub_01mcc5rm00ege8e7ve208rtdgx","verdict":{"approve":{"span":"2h"}},"comment":null,"at":"2027-01-15T08:00:00.000Z","channel":"unix","void":false},{"subject":"sub_01mcc5rm00f9wvwed5xv8kcsde","verdict":{"approve":{"span":"2h"}},"comment":null,"at":"2027-01-15T08:00:00.000Z","channel":"unix","void":false}]}],"grant":{"id":"gr_01mcc5rm00f4qsftdmqzf8m413","approved":"2027-01-15T08:00:00.000Z","span":"2h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T10:00:00.000Z"},"status":{"is":"active"},"claims":[{"id":"cl_01mcc5rm00fpkbvb18800cx5e7","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T10:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":2,"target":"shop"}},"status":{"is":"usable","how":"observed"},"failures":0},{"id":"cl_01mcc5rm00fqdtadvbayx7reb5","entitlement":1,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T10:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"other"}},"status":{"is":"usable","how":"observed"},"failures":0}]}}');
INSERT INTO requests VALUES (5,'req_01mcc5rm00e2zbmesh0zthwt4g','gr_01mcc5rm00fss9pd4640269bj0','sub_01mcc5rm00f30vp8j1yf9h5s3f','02e3cf3a664721ab13258a768f3143e18869673c40b615e70ed8248260a79832',0,'{"id":"req_01mcc5rm00e2zbmesh0zthwt4g","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","role":"listed","revision":"55be669d9c445abc5486424bb18cdb8aff035eae5dbcc2332b5b05afcf2bbcb0","params":{},"gives":[{"backend":"list","target":"fake://list","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"new_claim","lane":{"shared":"list"},"holding":null,"proof":{"grade":"by_construction"},"publishes":true}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00e3nav25ja6p1k2hs","subject":"sub_01mcc5rm00f30vp8j1yf9h5s3f","digest":"d295d8927c23c501ca410d1ed09eb47df45660e318aa658e48d0cb93c8d0c9f4"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00esjavjkzpt058ynw","hash":"7e1eda3b5808a578646fa59130d5e2f7e10143bbaf704b3c2dcce97cf212494e","span":"4h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00fss9pd4640269bj0","approved":"2027-01-15T08:00:00.000Z","span":"4h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T12:00:00.000Z"},"status":{"is":"ending","why":"released","since":"2027-01-15T08:05:00.000Z"},"claims":[{"id":"cl_01mcc5rm00ehjtdh2j9fvrwkqt","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T12:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"list"}},"status":{"is":"ending","was_usable":true},"failures":0}]}}');
CREATE TABLE tokens (
    id      TEXT PRIMARY KEY NOT NULL,
    hash    TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    token   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (at);
CREATE INDEX effects_due ON effects (due);
CREATE INDEX ended_early_by_backend ON ended_early (backend, planted);
CREATE INDEX entries_by_actor ON entries (actor, n) WHERE actor IS NOT NULL;
CREATE INDEX entries_by_request ON entries (request, n);
CREATE INDEX entries_by_subject ON entries (subject, n);
CREATE INDEX erasures_begun ON erasures (subject) WHERE done = 0;
CREATE INDEX requests_by_subject ON requests (subject, id);
CREATE INDEX requests_open ON requests (subject, id) WHERE open_key IS NOT NULL;
CREATE INDEX requests_open_by_id ON requests (id) WHERE open_key IS NOT NULL;
CREATE INDEX requests_waiting ON requests (id) WHERE waiting = 1;
CREATE INDEX tokens_by_subject ON tokens (subject);
PRAGMA user_version = 3;
