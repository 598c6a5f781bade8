CREATE TABLE answers (
    key   TEXT PRIMARY KEY NOT NULL,
    body  TEXT NOT NULL,
    reply TEXT NOT NULL,
    extra TEXT,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO answers VALUES ('3618666a7a987e800b7d87a1be529105aa914f9c29d762da9ec711e7a5228663','1a776306770554257906ecc576df3e2bc95371d7d15b8f111f6a2e681e5d2e9d','{"Ok":{"claimed":"cl_01mcc5rm00fmybjcjny1jw5aqw"}}','{"form":"postgres","host":"shop","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fmybjcjny1jw5aqw_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES ('c244090433c45cbd18ecaf2ba7d6565fc4a84b583e936ad58ae09b66ce64b2da','3b567854a9290b65bef0cd4d1eecb48b4619c905ae8f2b5eb8f885804a51d7b6','{"Ok":{"claimed":"cl_01mcc5rm00emg83gsmahbmp2z5"}}','{"form":"postgres","host":"other","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00emg83gsmahbmp2z5_1","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES ('cb6528063ae86d5a4a1df8732ef4550df01ac58d097a4228a0fdba7243a3e8d9','05e459c0737faafb896e54796bd6f4b6961b2aab8e66dd9fd1b2b61650d49df3','{"Ok":{"claimed":"cl_01mcc5rm00fq8sffxvqnf4bzz0"}}','{"form":"postgres","host":"shop","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fq8sffxvqnf4bzz0_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES ('f9d3d62e526baf3cb904bb95c85064d878c07673d8cb45c54ad7464a0b72d363','3e2b27f514f0e569f9d38bbfd38ce4aefb069cb7f3ed00268de69227fc0e4815','{"Ok":{"claimed":"cl_01mcc5rm00echbxt2069m7902p"}}','{"form":"postgres","host":"list","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00echbxt2069m7902p_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
CREATE TABLE asks (
    ask     TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO asks VALUES ('ask_01mcc5rm00egk9tw5cqfse2btx','req_01mcc5rm00ej1a5xbj9vmnq6hp');
INSERT INTO asks VALUES ('ask_01mcc5rm00esb9s3xwgcayh9jy','req_01mcc5rm00eqgrr5jfxvw31kex');
INSERT INTO asks VALUES ('ask_01mcc5rm00et2s3d75ybckqg25','req_01mcc5rm00etard72m7thnsmcj');
INSERT INTO asks VALUES ('ask_01mcc5rm00exgv346n222003w6','req_01mcc5rm00ebpsvp3trb13xjyh');
INSERT INTO asks VALUES ('ask_01mcc5rm00f9wan3wxxnf6n1yr','req_01mcc5rm00e2xvataqtypjt354');
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
    leased_until INTEGER,
    fence        INTEGER NOT NULL,
    version      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO effects VALUES ('req_01mcc5rm00e2xvataqtypjt354/{"lapse":"ask_01mcc5rm00f9wan3wxxnf6n1yr"}','req_01mcc5rm00e2xvataqtypjt354','{"lapse":"ask_01mcc5rm00f9wan3wxxnf6n1yr"}',1800028800000,NULL,NULL,0,5);
INSERT INTO effects VALUES ('req_01mcc5rm00ebpsvp3trb13xjyh/"end"','req_01mcc5rm00ebpsvp3trb13xjyh','"end"',1800007200000,NULL,NULL,0,8);
INSERT INTO effects VALUES ('req_01mcc5rm00ej1a5xbj9vmnq6hp/{"revoke":"cl_01mcc5rm00echbxt2069m7902p"}','req_01mcc5rm00ej1a5xbj9vmnq6hp','{"revoke":"cl_01mcc5rm00echbxt2069m7902p"}',1800000300100,'shared:list:list',NULL,0,15);
INSERT INTO effects VALUES ('req_01mcc5rm00eqgrr5jfxvw31kex/"end"','req_01mcc5rm00eqgrr5jfxvw31kex','"end"',1800003600000,NULL,NULL,0,2);
INSERT INTO effects VALUES ('req_01mcc5rm00etard72m7thnsmcj/"start_by"','req_01mcc5rm00etard72m7thnsmcj','"start_by"',1800001800000,NULL,NULL,0,4);
CREATE TABLE ended_early (
    claim   TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL,
    backend TEXT NOT NULL,
    planted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO ended_early VALUES ('cl_01mcc5rm00echbxt2069m7902p','req_01mcc5rm00ej1a5xbj9vmnq6hp','list',1800014400000);
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
INSERT INTO entries VALUES (1,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eqgrr5jfxvw31kex","ask":"ask_01mcc5rm00esb9s3xwgcayh9jy","role":"quick","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"through":{"commitment":"4456860c58da97dd4a78a7a35ba8db527ff8c3e1e38701b6472e6eb04e6ee995","opening":"op_01mcc5rm00f3zt3kkswq9yw134","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"person":{"commitment":"63b0a1fd3921140230cd20ed54f3862d3257ed200d4686ac179ba9c9d00fc2b2","opening":"op_01mcc5rm00f6ea0vdq96mx7x3b","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"for":"1h","gives":["use of orders"],"hash":"bb318cb781d426aef4de421e417bc2c6339ec1ae0135aab39232ac139a3cfc89","reason":{"commitment":"5237fbc30cf0873fd804be266af5afceadf1b43e79cd79f13bdeab0a5f01f1e7","opening":"op_01mcc5rm00ee9byne2wn1gz28f","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"}}}',1800000000000,'req_01mcc5rm00eqgrr5jfxvw31kex','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','quick');
INSERT INTO entries VALUES (10,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00e2xvataqtypjt354","ask":"ask_01mcc5rm00f9wan3wxxnf6n1yr","role":"db","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"through":{"commitment":"8a59c86f5b49a30294a8c7706cd105ed9689ecd036de1b8b4be0347611a47337","opening":"op_01mcc5rm00f8fv5nw9hdkwv1hx","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"person":{"commitment":"6af10c9e44c31c72d0d759b69627b534b6e9ff7ce0aabd8fd88c8e7ed3d854f4","opening":"op_01mcc5rm00enwr71ck6a5x7s67","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"for":"1h","gives":["use of orders"],"hash":"3191e2f5213f8bc42e1d4675560d2cc822bc51220048ebe5672e67abf1b53859","reason":{"commitment":"dfd443d49d34d41b3cf0ee368f227a2a744815c6cf933fa53682c3b344075363","opening":"op_01mcc5rm00fmqv5k21j4k0175f","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"}}}',1800000000000,'req_01mcc5rm00e2xvataqtypjt354','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','db');
INSERT INTO entries VALUES (11,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","ask":"ask_01mcc5rm00exgv346n222003w6","role":"two","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"through":{"commitment":"cd31c02154fc0d23430a420ca116f107a638701d9e2942e2985997521a9cd233","opening":"op_01mcc5rm00ev4aketasvxw93gx","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"person":{"commitment":"f0a8e4ec0bdeaae75eced8616acb4371d0c62031605391da384df603ef29c58a","opening":"op_01mcc5rm00f4sshczbkv2mart9","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"for":"3h","gives":["use of orders","use of orders"],"hash":"0dfeded1ef3dfe36a9b7d27c5fa6d4d353f301a06a2084fb1bf55267a36584f8","reason":{"commitment":"9abc1c20e840cdcff62568bb9e3e44d28d6758bd4d59f97596d6038482bce746","opening":"op_01mcc5rm00erct08atd0fwrhc5","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"}}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','two');
INSERT INTO entries VALUES (12,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","ask":"ask_01mcc5rm00exgv346n222003w6","role":"two","actor":"sub_01mcc5rm00f0rtcyfyt5hbmtr6","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"by":{"commitment":"9c608fee2adafa145c77a443b730e975c6a5926a31209bfc065bd48eae58f2ae","opening":"op_01mcc5rm00fk2bnm4nm75mhdrj","subject":"sub_01mcc5rm00f0rtcyfyt5hbmtr6"},"through":{"commitment":"aaf77ecaee9649cd9dc0114c36841ae631b52917ef5ae10a921809082262d9ea","opening":"op_01mcc5rm00eb4vhbtgx32mkker","subject":"sub_01mcc5rm00f0rtcyfyt5hbmtr6"},"hash":"0dfeded1ef3dfe36a9b7d27c5fa6d4d353f301a06a2084fb1bf55267a36584f8","for":"2h"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00f0rtcyfyt5hbmtr6','two');
INSERT INTO entries VALUES (13,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","ask":"ask_01mcc5rm00exgv346n222003w6","role":"two","actor":"sub_01mcc5rm00fh1s4s82gns6hay2","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"by":{"commitment":"5702a65dca02172d6c574eebabf3d7edc608b52622c9ac641dd2cfd3763c5645","opening":"op_01mcc5rm00e85r2pfpb1dmaewg","subject":"sub_01mcc5rm00fh1s4s82gns6hay2"},"through":{"commitment":"aadd1a405654089fcc2eb2d82ec790c5c55e842ad983d87fd6b49c602787d29e","opening":"op_01mcc5rm00e21atsfypfxbknn1","subject":"sub_01mcc5rm00fh1s4s82gns6hay2"},"hash":"0dfeded1ef3dfe36a9b7d27c5fa6d4d353f301a06a2084fb1bf55267a36584f8","for":"2h"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00fh1s4s82gns6hay2','two');
INSERT INTO entries VALUES (14,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","ask":"ask_01mcc5rm00exgv346n222003w6","grant":"gr_01mcc5rm00ek7rdwsab9by1kax","role":"two","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"for":"2h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'two');
INSERT INTO entries VALUES (15,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","grant":"gr_01mcc5rm00ek7rdwsab9by1kax","role":"two","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"end":"2027-01-15T10:00:00.000Z"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','two');
INSERT INTO entries VALUES (16,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","grant":"gr_01mcc5rm00ek7rdwsab9by1kax","claim":"cl_01mcc5rm00fq8sffxvqnf4bzz0","role":"two","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"7664f76bd1f268693d5b9d6876e049034ba4f50c16b24e609e4708fe21fbdb5b","opening":"op_01mcc5rm00fhkaeg05d92wx87a","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"end":"2027-01-15T10:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','two');
INSERT INTO entries VALUES (17,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","grant":"gr_01mcc5rm00ek7rdwsab9by1kax","claim":"cl_01mcc5rm00fq8sffxvqnf4bzz0","role":"two","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'two');
INSERT INTO entries VALUES (18,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","grant":"gr_01mcc5rm00ek7rdwsab9by1kax","claim":"cl_01mcc5rm00emg83gsmahbmp2z5","role":"two","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"entitlement":1,"through":{"commitment":"b77249aa99d1f5498f393b53130bb5d6119b9a061a7b5cc9a5d50dc28ec9009a","opening":"op_01mcc5rm00en8972qbv5p98ksb","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"end":"2027-01-15T10:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','two');
INSERT INTO entries VALUES (19,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ebpsvp3trb13xjyh","grant":"gr_01mcc5rm00ek7rdwsab9by1kax","claim":"cl_01mcc5rm00emg83gsmahbmp2z5","role":"two","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00ebpsvp3trb13xjyh','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'two');
INSERT INTO entries VALUES (2,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eqgrr5jfxvw31kex","ask":"ask_01mcc5rm00esb9s3xwgcayh9jy","role":"quick","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"by":"rule","for":"1h"}}',1800000000000,'req_01mcc5rm00eqgrr5jfxvw31kex','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'quick');
INSERT INTO entries VALUES (20,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ej1a5xbj9vmnq6hp","ask":"ask_01mcc5rm00egk9tw5cqfse2btx","role":"listed","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"through":{"commitment":"164e33602bbf8af15a01b11d804d6821e72ce31c3d78e5a789f42340151fc294","opening":"op_01mcc5rm00e3xt28h4vqksejkw","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"person":{"commitment":"531e992c2596336cce41ee22a01097dbbb9431ec489714aa41bd3cb50b89c538","opening":"op_01mcc5rm00e6f8fkff52xawwsq","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"for":"4h","gives":["use of orders"],"hash":"9e2e5a4909b85ff1a3ac1852f29be7decca64740436efd74aaeb152949bb8d31","reason":{"commitment":"a2d0e11830769ea6da63de8f304532eda826e1927bde46ae857de5917d57a421","opening":"op_01mcc5rm00fr8a5baf9gy1w2hg","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"}}}',1800000000000,'req_01mcc5rm00ej1a5xbj9vmnq6hp','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','listed');
INSERT INTO entries VALUES (21,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ej1a5xbj9vmnq6hp","ask":"ask_01mcc5rm00egk9tw5cqfse2btx","role":"listed","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"by":"rule","for":"4h"}}',1800000000000,'req_01mcc5rm00ej1a5xbj9vmnq6hp','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'listed');
INSERT INTO entries VALUES (22,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ej1a5xbj9vmnq6hp","ask":"ask_01mcc5rm00egk9tw5cqfse2btx","grant":"gr_01mcc5rm00ef1a00kwqn71cj2c","role":"listed","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"for":"4h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00ej1a5xbj9vmnq6hp','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'listed');
INSERT INTO entries VALUES (23,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ej1a5xbj9vmnq6hp","grant":"gr_01mcc5rm00ef1a00kwqn71cj2c","role":"listed","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"end":"2027-01-15T12:00:00.000Z"}}',1800000000000,'req_01mcc5rm00ej1a5xbj9vmnq6hp','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','listed');
INSERT INTO entries VALUES (24,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ej1a5xbj9vmnq6hp","grant":"gr_01mcc5rm00ef1a00kwqn71cj2c","claim":"cl_01mcc5rm00echbxt2069m7902p","role":"listed","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"f5b5dac204bdce89db879de77316969dc83d325ca8c52b2ea7d0ff2c85cc155b","opening":"op_01mcc5rm00favv2prtvg7fa697","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"end":"2027-01-15T12:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00ej1a5xbj9vmnq6hp','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','listed');
INSERT INTO entries VALUES (25,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ej1a5xbj9vmnq6hp","grant":"gr_01mcc5rm00ef1a00kwqn71cj2c","claim":"cl_01mcc5rm00echbxt2069m7902p","role":"listed","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"known":"assumed: nothing of it can be seen in the target"}}',1800000000000,'req_01mcc5rm00ej1a5xbj9vmnq6hp','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'listed');
INSERT INTO entries VALUES (26,'{"v":1,"kind":"grant.released","at":"2027-01-15T08:05:00.000Z","request":"req_01mcc5rm00ej1a5xbj9vmnq6hp","grant":"gr_01mcc5rm00ef1a00kwqn71cj2c","role":"listed","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{}}',1800000300000,'req_01mcc5rm00ej1a5xbj9vmnq6hp','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','listed');
INSERT INTO entries VALUES (3,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eqgrr5jfxvw31kex","ask":"ask_01mcc5rm00esb9s3xwgcayh9jy","grant":"gr_01mcc5rm00eg4b4emt3vm7v471","role":"quick","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"for":"1h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00eqgrr5jfxvw31kex','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'quick');
INSERT INTO entries VALUES (4,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eqgrr5jfxvw31kex","grant":"gr_01mcc5rm00eg4b4emt3vm7v471","role":"quick","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"end":"2027-01-15T09:00:00.000Z"}}',1800000000000,'req_01mcc5rm00eqgrr5jfxvw31kex','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','quick');
INSERT INTO entries VALUES (5,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eqgrr5jfxvw31kex","grant":"gr_01mcc5rm00eg4b4emt3vm7v471","claim":"cl_01mcc5rm00fmybjcjny1jw5aqw","role":"quick","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"65885d9902c445756dc37750f196cb645344f3d077b3f139e6b6260423de3b55","opening":"op_01mcc5rm00eks97vfkjqamnz4f","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"end":"2027-01-15T09:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00eqgrr5jfxvw31kex','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','quick');
INSERT INTO entries VALUES (6,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eqgrr5jfxvw31kex","grant":"gr_01mcc5rm00eg4b4emt3vm7v471","claim":"cl_01mcc5rm00fmybjcjny1jw5aqw","role":"quick","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00eqgrr5jfxvw31kex','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'quick');
INSERT INTO entries VALUES (7,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00etard72m7thnsmcj","ask":"ask_01mcc5rm00et2s3d75ybckqg25","role":"elsewhere","actor":"sub_01mcc5rm00e9z9zv5qbd1jhszm","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"through":{"commitment":"851c96bd36385f4d999d195e1b076bf657144c316daab4c60ef20a4d96c4d5f9","opening":"op_01mcc5rm00f5a9amcf6n6ea5ha","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"person":{"commitment":"8080efa0ceee0c893b7ea464c99b307da0c5411c57ee6ea6eaca5cd73c33413e","opening":"op_01mcc5rm00eb9vcn2csm1mt3cd","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"},"for":"2h","gives":["use of orders"],"hash":"e30749a0aa4d88f81fd930fd58509fe0ae5f96560bd00ffb2d9981ced02ec286","reason":{"commitment":"cbc17b2953917fcabaa6c88c88c07636d1007074e1f2b26ef1313314dd1f1dd7","opening":"op_01mcc5rm00f1cbnn6ba82ctwxc","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm"}}}',1800000000000,'req_01mcc5rm00etard72m7thnsmcj','sub_01mcc5rm00e9z9zv5qbd1jhszm','sub_01mcc5rm00e9z9zv5qbd1jhszm','elsewhere');
INSERT INTO entries VALUES (8,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00etard72m7thnsmcj","ask":"ask_01mcc5rm00et2s3d75ybckqg25","role":"elsewhere","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"by":"rule","for":"2h"}}',1800000000000,'req_01mcc5rm00etard72m7thnsmcj','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'elsewhere');
INSERT INTO entries VALUES (9,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00etard72m7thnsmcj","ask":"ask_01mcc5rm00et2s3d75ybckqg25","grant":"gr_01mcc5rm00fc19js7ks525bc54","role":"elsewhere","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","outcome":"done","fields":{"for":"2h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00etard72m7thnsmcj','sub_01mcc5rm00e9z9zv5qbd1jhszm',NULL,'elsewhere');
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
INSERT INTO nodes VALUES (0,1,'844f9293310064db240ccdb4805d4bf0cc2104164ad0b2a45dec54f4da663f2f');
INSERT INTO nodes VALUES (0,10,'9a63e586a66b35665c7b85b2844af582751dd5bfc590725c0cada83a92fd203a');
INSERT INTO nodes VALUES (0,11,'6806b549750dfe6410416ec7d8d4de666c297d7b3cfccc7081f26d3c3680eb17');
INSERT INTO nodes VALUES (0,12,'608fce8cb0ac8ad92c0debc028ac1fc04821b75c6bd4ffb686298c4a9adcb881');
INSERT INTO nodes VALUES (0,13,'bc998f792738dfc55ab8d80d8dc51d7066491cdf5447818307222df0ba9b83ad');
INSERT INTO nodes VALUES (0,14,'e303c894d0b8673a85bd25eb79ca48ce781ffdce13f73d772260d3d605913621');
INSERT INTO nodes VALUES (0,15,'d463d512cc4b1491704387303feedfeb760fca3d807057af7468cbe69cfc13b9');
INSERT INTO nodes VALUES (0,16,'cdee31b91d22a1feff766229f4fc435848d64176cd6e417767fd0c975ccb5e5b');
INSERT INTO nodes VALUES (0,17,'cc9a7d86cab7cadcff0c57640554cb89ab7491f2daff2c2d3eff17cdc7b20597');
INSERT INTO nodes VALUES (0,18,'48592e430efa501c095d6aa2db1838140d57bec455a4a6ee0037df45ccf47f33');
INSERT INTO nodes VALUES (0,19,'2459d524f46a3e266f88f8c345fb257ee0df233adf5d7ff9aa492cfbf3f751d0');
INSERT INTO nodes VALUES (0,2,'8222505b19a7b62af653b0e1ce76521cf7b49e894dbcd1bbf15268383bfe6d72');
INSERT INTO nodes VALUES (0,20,'b88c66dac34be6e740031ce865b27162fab380793949bdba6479655085a9801c');
INSERT INTO nodes VALUES (0,21,'2cb4af5b5024224979b3ce0d4bd00f38e1ccb9b137e1b247ab943a48f4282a70');
INSERT INTO nodes VALUES (0,22,'4ae88c2f88e80b7c5a0b09a92387b8b6390bae68ceeb69c09919a36bb49a3e68');
INSERT INTO nodes VALUES (0,23,'818e275b70680f2dc89964d0336ecc45d59a0f314c538f31456bddc52b488f02');
INSERT INTO nodes VALUES (0,24,'746baa5b22de90a8921ba48d2ba4f8c310e3195b2044c93cb572e784dc8e6210');
INSERT INTO nodes VALUES (0,25,'b8e423a5917f77fc4ed72d0d768bf768f438968e37c1fb2fec4b8c5fd2901e67');
INSERT INTO nodes VALUES (0,26,'9da103ccda08369fa569c4010c6aa82b4736d7580ce24cd27cd498cae543b5df');
INSERT INTO nodes VALUES (0,3,'6cec0688ffafe2da806c712a60900c092f9121b98db2e55415875185937fc0a5');
INSERT INTO nodes VALUES (0,4,'6d2d2f0a270bdd499f7c101ef89fd50a1a3867cf9219114dc76823cb4e71d29d');
INSERT INTO nodes VALUES (0,5,'b6aa7d8fcab45f3f04dc1951654787383ba5502fd7c5413f08f2dacea63f998a');
INSERT INTO nodes VALUES (0,6,'c6aa304e1b98c47d9771251315a657b8cc9bdeae25c4bf514207dcc87324398e');
INSERT INTO nodes VALUES (0,7,'913d40c249a5179f4f8ab7931200f92fbbeb2957f1e8ba9334b2e3f2194d93b2');
INSERT INTO nodes VALUES (0,8,'2023c351d803408bdcfc967068779bdbec230f06f43317ed18a238c20d1bdede');
INSERT INTO nodes VALUES (0,9,'1a5abadcb8c574a48812899c82acf84b5c49f7baddfc01229675d5b62b9282f7');
INSERT INTO nodes VALUES (1,0,'970f5226b7c20bda89fb2e62ec3abd9f3d7bfabdd30d08577a7344ebb62d7c49');
INSERT INTO nodes VALUES (1,1,'5188c3da8dae633ee12a943bfe744fb15ae8fe3bf9330803bea3d97b7cc1d9f9');
INSERT INTO nodes VALUES (1,10,'1d5ab585ec48c8c2dafb8ae1712a8ea667a9f0da1b8f02ffa5336629485ca586');
INSERT INTO nodes VALUES (1,11,'85d4660824e6778fda0c8a49095c32b5ceeba18eb152e6233edcf44c7c6550af');
INSERT INTO nodes VALUES (1,12,'109ae053ac0525ac16eb0142e6efbceea986a74dd8e33f5b8361944268044f8a');
INSERT INTO nodes VALUES (1,2,'88c625fbf630d5bdf5c3aea887d7673876e489361134c9c120c649d4fa864e33');
INSERT INTO nodes VALUES (1,3,'5ea7b6ca5572aaab1315caec252837f448c1cee6a4e4fa3ca1d4c09a5da796e0');
INSERT INTO nodes VALUES (1,4,'0881c4657817b3881c6c133039afde03fbb7a516afaf2eed28c54470be3637ec');
INSERT INTO nodes VALUES (1,5,'bc706f998a539b10666aea354f62f5e31ab9f842a87e12d990c8a18f0137c23a');
INSERT INTO nodes VALUES (1,6,'f11868dccb66f0b7e5c2dadaed899f9432ed46029495eeb04e632664f55a8c2c');
INSERT INTO nodes VALUES (1,7,'3e4c3ae0d57060ea90c27a853971a8fca0e49b7a36d0286748aad7c7dead50f6');
INSERT INTO nodes VALUES (1,8,'24d452315b7bb74e76096303dae2123662af2f0dd254e74c76a8856575a813ab');
INSERT INTO nodes VALUES (1,9,'dacabf43a9fea3ffd703ab42d605b2b9c484ce03ce82fc27cdfa80ce2a3c28a4');
INSERT INTO nodes VALUES (2,0,'3efc50e6afa8179e9925ce102f82086daf301083b5a3aa956765a1ae29f3e2e6');
INSERT INTO nodes VALUES (2,1,'8a89eda4b59836e8ae80bcac5d2da1c333605b057af329141ca582e156d44450');
INSERT INTO nodes VALUES (2,2,'2f820126d8465a4aabe2e9df392318a95496e21ab18af126de5dcaab6df8da3d');
INSERT INTO nodes VALUES (2,3,'c829c6fbb49c2b42682f5fb95777abc783d98cc094bafc0c8704d9c1aa9abadc');
INSERT INTO nodes VALUES (2,4,'d9dd0392326826d16dc50fc4c0eb18b6b75fef291abaca451b796e72c5b118e4');
INSERT INTO nodes VALUES (2,5,'78cceaa9d309ae28a9f2fc670fda7a9a1b22e7c629975b6d403572cd25c9e50d');
INSERT INTO nodes VALUES (3,0,'941d30702c216c61abe1346ec4678ba6c813c3addc9194c5e3f33891553ef30e');
INSERT INTO nodes VALUES (3,1,'cdf07a4b2eceb2b37b451b2de8661b1098ae426be68120f7385f1d4d8394d425');
INSERT INTO nodes VALUES (3,2,'f76a6360fcf3284cb338c51640f633f165d6ad689d8cb7ce65a34ccf20e00f55');
INSERT INTO nodes VALUES (4,0,'8065e4e1572d7dad6e82f914d483763b114ff5505707a61e60539d3cf315f253');
CREATE TABLE requests (
    id       TEXT PRIMARY KEY NOT NULL,
    grant_id TEXT UNIQUE,
    subject  TEXT NOT NULL,
    open_key TEXT UNIQUE,
    waiting  INTEGER NOT NULL,
    state    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO requests VALUES ('req_01mcc5rm00e2xvataqtypjt354',NULL,'sub_01mcc5rm00e9z9zv5qbd1jhszm','523d791d23b26dfbe2fd6bfe07f91eda9528c554d8c69a105ebd72223470d6c4',1,'{"id":"req_01mcc5rm00e2xvataqtypjt354","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","role":"db","revision":"35c3dded89df66f8adedfaab14b13c3b0663964e183b5d012f50258f22f21b40","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00fmqv5k21j4k0175f","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","digest":"dfd443d49d34d41b3cf0ee368f227a2a744815c6cf933fa53682c3b344075363"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00f9wan3wxxnf6n1yr","hash":"3191e2f5213f8bc42e1d4675560d2cc822bc51220048ebe5672e67abf1b53859","span":"1h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":1,"status":"pending","reviews":[]}],"grant":null}');
INSERT INTO requests VALUES ('req_01mcc5rm00ebpsvp3trb13xjyh','gr_01mcc5rm00ek7rdwsab9by1kax','sub_01mcc5rm00e9z9zv5qbd1jhszm','1450340543ebd87525e9afc7523c9008e0bc8fdd34980a66caf2beb9614ca5b9',0,'{"id":"req_01mcc5rm00ebpsvp3trb13xjyh","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","role":"two","revision":"697687a08ae186471ddbb4f86090e4f6e0addc973cab48bef18d0f488cc91026","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}},{"backend":"other","target":"fake://other","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00erct08atd0fwrhc5","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","digest":"9abc1c20e840cdcff62568bb9e3e44d28d6758bd4d59f97596d6038482bce746"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00exgv346n222003w6","hash":"0dfeded1ef3dfe36a9b7d27c5fa6d4d353f301a06a2084fb1bf55267a36584f8","span":"3h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":2,"status":"approved","reviews":[{"subject":"sub_01mcc5rm00f0rtcyfyt5hbmtr6","verdict":{"approve":{"span":"2h"}},"comment":null,"at":"2027-01-15T08:00:00.000Z","channel":"unix","void":false},{"subject":"sub_01mcc5rm00fh1s4s82gns6hay2","verdict":{"approve":{"span":"2h"}},"comment":null,"at":"2027-01-15T08:00:00.000Z","channel":"unix","void":false}]}],"grant":{"id":"gr_01mcc5rm00ek7rdwsab9by1kax","approved":"2027-01-15T08:00:00.000Z","span":"2h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T10:00:00.000Z"},"status":{"is":"active"},"claims":[{"id":"cl_01mcc5rm00fq8sffxvqnf4bzz0","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T10:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":2,"target":"shop"}},"status":{"is":"usable","how":"observed"},"failures":0},{"id":"cl_01mcc5rm00emg83gsmahbmp2z5","entitlement":1,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T10:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"other"}},"status":{"is":"usable","how":"observed"},"failures":0}]}}');
INSERT INTO requests VALUES ('req_01mcc5rm00ej1a5xbj9vmnq6hp','gr_01mcc5rm00ef1a00kwqn71cj2c','sub_01mcc5rm00e9z9zv5qbd1jhszm','431058dbd195d29f95615a0fcac388c4db0102a9aa2d648dc45a2c9fa1cd5b2c',0,'{"id":"req_01mcc5rm00ej1a5xbj9vmnq6hp","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","role":"listed","revision":"55be669d9c445abc5486424bb18cdb8aff035eae5dbcc2332b5b05afcf2bbcb0","params":{},"gives":[{"backend":"list","target":"fake://list","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"new_claim","lane":{"shared":"list"},"holding":null,"proof":{"grade":"by_construction"},"publishes":true}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00fr8a5baf9gy1w2hg","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","digest":"a2d0e11830769ea6da63de8f304532eda826e1927bde46ae857de5917d57a421"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00egk9tw5cqfse2btx","hash":"9e2e5a4909b85ff1a3ac1852f29be7decca64740436efd74aaeb152949bb8d31","span":"4h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00ef1a00kwqn71cj2c","approved":"2027-01-15T08:00:00.000Z","span":"4h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T12:00:00.000Z"},"status":{"is":"ending","why":"released","since":"2027-01-15T08:05:00.000Z"},"claims":[{"id":"cl_01mcc5rm00echbxt2069m7902p","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T12:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"list"}},"status":{"is":"ending","was_usable":true},"failures":0}]}}');
INSERT INTO requests VALUES ('req_01mcc5rm00eqgrr5jfxvw31kex','gr_01mcc5rm00eg4b4emt3vm7v471','sub_01mcc5rm00e9z9zv5qbd1jhszm','49ed4160311a668d3a93fbd3bf08c3f0fa04517336ca51764d4ddbc21ef20903',0,'{"id":"req_01mcc5rm00eqgrr5jfxvw31kex","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","role":"quick","revision":"cc6d7ff6c10d88b51c4359a5ac56fe05c870c640a43da06caf60412fb9d2cfd1","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00ee9byne2wn1gz28f","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","digest":"5237fbc30cf0873fd804be266af5afceadf1b43e79cd79f13bdeab0a5f01f1e7"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00esb9s3xwgcayh9jy","hash":"bb318cb781d426aef4de421e417bc2c6339ec1ae0135aab39232ac139a3cfc89","span":"1h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00eg4b4emt3vm7v471","approved":"2027-01-15T08:00:00.000Z","span":"1h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T09:00:00.000Z"},"status":{"is":"active"},"claims":[{"id":"cl_01mcc5rm00fmybjcjny1jw5aqw","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T09:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"shop"}},"status":{"is":"usable","how":"observed"},"failures":0}]}}');
INSERT INTO requests VALUES ('req_01mcc5rm00etard72m7thnsmcj','gr_01mcc5rm00fc19js7ks525bc54','sub_01mcc5rm00e9z9zv5qbd1jhszm','663b52f56b36c3ee7a0fb5447881536665ea6443d4624169bf981761180c8646',0,'{"id":"req_01mcc5rm00etard72m7thnsmcj","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","role":"elsewhere","revision":"6e4f1e13d96c532879f1c9ab15c22b5fcb315ee2880cc6122384bd595f2f4fe0","params":{},"gives":[{"backend":"other","target":"fake://other","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00f1cbnn6ba82ctwxc","subject":"sub_01mcc5rm00e9z9zv5qbd1jhszm","digest":"cbc17b2953917fcabaa6c88c88c07636d1007074e1f2b26ef1313314dd1f1dd7"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00et2s3d75ybckqg25","hash":"e30749a0aa4d88f81fd930fd58509fe0ae5f96560bd00ffb2d9981ced02ec286","span":"2h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00fc19js7ks525bc54","approved":"2027-01-15T08:00:00.000Z","span":"2h","start_by":"2027-01-15T08:30:00.000Z","window":null,"status":{"is":"ready"},"claims":[]}}');
CREATE TABLE tokens (
    id      TEXT PRIMARY KEY NOT NULL,
    hash    TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    token   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (at);
CREATE INDEX effects_due ON effects (due);
CREATE INDEX effects_leased ON effects (lane, leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX ended_early_by_backend ON ended_early (backend, planted);
CREATE INDEX entries_by_actor ON entries (actor, n);
CREATE INDEX entries_by_request ON entries (request, n);
CREATE INDEX entries_by_subject ON entries (subject, n);
CREATE INDEX erasures_begun ON erasures (subject) WHERE done = 0;
CREATE INDEX requests_by_subject ON requests (subject, id);
CREATE INDEX requests_open ON requests (subject, id) WHERE open_key IS NOT NULL;
CREATE INDEX requests_waiting ON requests (id) WHERE waiting = 1;
CREATE INDEX tokens_by_subject ON tokens (subject);
PRAGMA user_version = 2;
