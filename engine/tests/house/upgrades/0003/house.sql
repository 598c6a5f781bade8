CREATE TABLE "answers" (
    n     INTEGER PRIMARY KEY NOT NULL,
    key   TEXT NOT NULL UNIQUE,
    body  TEXT NOT NULL,
    reply TEXT NOT NULL,
    extra TEXT,
    at    INTEGER NOT NULL
) STRICT;
INSERT INTO answers VALUES (1,'77083f51360fec116ac7cb01fcf3d64a35b052af0389fff4629b338cc8c50334','811964b212d7ce8e2228d315c4f8286499ea21a953953ec29b57a9874bf78beb','{"Ok":{"claimed":"cl_01mcc5rm00ewbrdqey6mgqe67g"}}','{"form":"postgres","host":"shop","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00ewbrdqey6mgqe67g_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES (2,'b6eadbbbdd8a8d4db2ea9d4ab94535a4cd782e4da5982077f35ea665a258fa66','75ca1ad00c632419c2d3ce8e27897f3e79096a1df88c9c29ff75142019ee8e90','{"Ok":{"claimed":"cl_01mcc5rm00fbyvzpe3n7pdh6s8"}}','{"form":"postgres","host":"shop","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fbyvzpe3n7pdh6s8_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES (3,'f0e2ad221fd7621a0eb984f8e6d337a155d3485cfa71daedecc0adbd9c09392c','06bfcd36f4456cf0bee36b01b53a691547aa4f939463a651c2660a0217cd0ac4','{"Ok":{"claimed":"cl_01mcc5rm00fwrtt95xzy847646"}}','{"form":"postgres","host":"other","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fwrtt95xzy847646_1","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
INSERT INTO answers VALUES (4,'9b77394514183cd9dc580861dc03c568811ebe280d4b494f4442353c2436ee91','4a4425f8c3986f59ccc1be09a68a84b768ac9c600f802483a489f83e0f1a8c9d','{"Ok":{"claimed":"cl_01mcc5rm00fcar54bcsbkbgktw"}}','{"form":"postgres","host":"list","port":1,"user":"jit_01mcc5rm00f44rj289144gj289_01mcc5rm00fcar54bcsbkbgktw_0","databases":["orders"],"sslmode":"verify-full","root_certificate":null,"channel_binding":"require"}',1800000000000);
CREATE TABLE asks (
    ask     TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO asks VALUES ('ask_01mcc5rm00e2vb1ckpzthnmve5','req_01mcc5rm00es2s26t859ftrg4s');
INSERT INTO asks VALUES ('ask_01mcc5rm00ey5vbrs70hqq2sm1','req_01mcc5rm00ekstdx9bajvj57f1');
INSERT INTO asks VALUES ('ask_01mcc5rm00f8prtpfxw3ncehyv','req_01mcc5rm00fm3ajqs34vjetysg');
INSERT INTO asks VALUES ('ask_01mcc5rm00f94s37scppd4w34b','req_01mcc5rm00far9cdnjc78mt7hp');
INSERT INTO asks VALUES ('ask_01mcc5rm00ftzsz16ypw9zk4xd','req_01mcc5rm00eehbzcnxxwh0erd8');
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
INSERT INTO effects VALUES ('req_01mcc5rm00eehbzcnxxwh0erd8/{"revoke":"cl_01mcc5rm00fcar54bcsbkbgktw"}','req_01mcc5rm00eehbzcnxxwh0erd8','{"revoke":"cl_01mcc5rm00fcar54bcsbkbgktw"}',1800000300100,'shared:list:list',13295);
INSERT INTO effects VALUES ('req_01mcc5rm00ekstdx9bajvj57f1/"end"','req_01mcc5rm00ekstdx9bajvj57f1','"end"',1800007200000,NULL,13280);
INSERT INTO effects VALUES ('req_01mcc5rm00es2s26t859ftrg4s/{"lapse":"ask_01mcc5rm00e2vb1ckpzthnmve5"}','req_01mcc5rm00es2s26t859ftrg4s','{"lapse":"ask_01mcc5rm00e2vb1ckpzthnmve5"}',1800028800000,NULL,13272);
INSERT INTO effects VALUES ('req_01mcc5rm00far9cdnjc78mt7hp/"start_by"','req_01mcc5rm00far9cdnjc78mt7hp','"start_by"',1800001800000,NULL,13270);
INSERT INTO effects VALUES ('req_01mcc5rm00fm3ajqs34vjetysg/"end"','req_01mcc5rm00fm3ajqs34vjetysg','"end"',1800003600000,NULL,13266);
CREATE TABLE ended_early (
    claim   TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL,
    backend TEXT NOT NULL,
    planted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO ended_early VALUES ('cl_01mcc5rm00fcar54bcsbkbgktw','req_01mcc5rm00eehbzcnxxwh0erd8','list',1800014400000);
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
INSERT INTO entries VALUES (1,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fm3ajqs34vjetysg","ask":"ask_01mcc5rm00f8prtpfxw3ncehyv","role":"quick","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"through":{"commitment":"0130e110df78295303689b2a5d2a5da33c093877bd2c4bf8803b505fb07578f5","opening":"op_01mcc5rm00fek91337wwnc8y50","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"person":{"commitment":"3daa028cd817cff28ea1d2f8acba003a0371f43bafb43e2ba67ed5327ec6e190","opening":"op_01mcc5rm00fcvs5p2pb96sbz0k","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"for":"1h","gives":["use of orders"],"hash":"73eb492becca8de562b646790ee374391d8f6a02f58da6b5b70ad438c5101457","reason":{"commitment":"f5d4bf7967dbe70f0c75e5da461b52ba4bc2d2e7bdb9aeadf1e1f18d928dca2f","opening":"op_01mcc5rm00e64t8hhvgtcfxbya","subject":"sub_01mcc5rm00epktx3t8w2801d55"}}}',1800000000000,'req_01mcc5rm00fm3ajqs34vjetysg','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','quick');
INSERT INTO entries VALUES (10,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00es2s26t859ftrg4s","ask":"ask_01mcc5rm00e2vb1ckpzthnmve5","role":"db","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"through":{"commitment":"3f146ac00bc375dbc6b54389f2a4285860e692c3a13447f890d599bce5ca2976","opening":"op_01mcc5rm00efb88egch1p95s2c","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"person":{"commitment":"b3f28d57ad97321959b1716e64c25e7b73869f25fa629516b1c348006f189041","opening":"op_01mcc5rm00e25ankpbwcc2cmy3","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"for":"1h","gives":["use of orders"],"hash":"df5a53621e11fac2fd021549fea4fd3b915aed3bed73718d46d9f4f1f7d9367e","reason":{"commitment":"5bbc9448d259778d1569d3dd690a08dd5c5ab1d50e187b5a189a7710d58bf942","opening":"op_01mcc5rm00epgr3zfz92dz1f49","subject":"sub_01mcc5rm00epktx3t8w2801d55"}}}',1800000000000,'req_01mcc5rm00es2s26t859ftrg4s','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','db');
INSERT INTO entries VALUES (11,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","ask":"ask_01mcc5rm00ey5vbrs70hqq2sm1","role":"two","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"through":{"commitment":"3b1f5b01689803b6a21f876f906da84c71ea46550a949a3eb3ddfb24d08c29b4","opening":"op_01mcc5rm00f1rs1n9951fm9735","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"person":{"commitment":"cb599216ad4773d7e0792fa3ea594f6388c2a6c0a36c56bd93d51b102e5fcab3","opening":"op_01mcc5rm00ejxbs6d19qaabtg1","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"for":"3h","gives":["use of orders","use of orders"],"hash":"6ea14524b336fbab6cc3489f4b374928799b0a97d42434fcf3f778b18e9f78de","reason":{"commitment":"d13d2cf1b186e16c5a93e26bea60c9a5d51ceba61b532d87f19528f768aa2500","opening":"op_01mcc5rm00eh0v9w343grd97pq","subject":"sub_01mcc5rm00epktx3t8w2801d55"}}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','two');
INSERT INTO entries VALUES (12,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","ask":"ask_01mcc5rm00ey5vbrs70hqq2sm1","role":"two","actor":"sub_01mcc5rm00e4bsbnz0j50hz5g9","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"by":{"commitment":"2074763d3dd2b9b28d5e64c2b71fb5f15e972d6b990151accb371e5de761d5b1","opening":"op_01mcc5rm00e5ybmvehnrjyv7z6","subject":"sub_01mcc5rm00e4bsbnz0j50hz5g9"},"through":{"commitment":"35ca550e3ee94753efce58712c85ab72e2a0e0d9e63726cddbd37dce673cb9b2","opening":"op_01mcc5rm00fjxtwgbqpdb70a6z","subject":"sub_01mcc5rm00e4bsbnz0j50hz5g9"},"hash":"6ea14524b336fbab6cc3489f4b374928799b0a97d42434fcf3f778b18e9f78de","for":"2h"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00e4bsbnz0j50hz5g9','two');
INSERT INTO entries VALUES (13,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","ask":"ask_01mcc5rm00ey5vbrs70hqq2sm1","role":"two","actor":"sub_01mcc5rm00f4wvg3jh5p45v6r0","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"by":{"commitment":"9a8d40a71d28f5cc698ecefa9ad39e97d4d87dacfcadbbeb425a09e53706a0d5","opening":"op_01mcc5rm00e9esm01z8bjb4v7j","subject":"sub_01mcc5rm00f4wvg3jh5p45v6r0"},"through":{"commitment":"3b655f62d6e103d0529b43248e81c6215029c31ecbcbdfca4e908d9633aeb5d2","opening":"op_01mcc5rm00e2pstyyzttdr80cf","subject":"sub_01mcc5rm00f4wvg3jh5p45v6r0"},"hash":"6ea14524b336fbab6cc3489f4b374928799b0a97d42434fcf3f778b18e9f78de","for":"2h"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00f4wvg3jh5p45v6r0','two');
INSERT INTO entries VALUES (14,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","ask":"ask_01mcc5rm00ey5vbrs70hqq2sm1","grant":"gr_01mcc5rm00f8fsvqw3vj37hgmq","role":"two","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"for":"2h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55',NULL,'two');
INSERT INTO entries VALUES (15,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","grant":"gr_01mcc5rm00f8fsvqw3vj37hgmq","role":"two","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"end":"2027-01-15T10:00:00.000Z"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','two');
INSERT INTO entries VALUES (16,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","grant":"gr_01mcc5rm00f8fsvqw3vj37hgmq","claim":"cl_01mcc5rm00fbyvzpe3n7pdh6s8","role":"two","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"fc759d93f2c982f8b721dc2befbb444e6bd362506e28e59ad6639e6d1bf30939","opening":"op_01mcc5rm00e8st4p3g0gj92e78","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"end":"2027-01-15T10:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','two');
INSERT INTO entries VALUES (17,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","grant":"gr_01mcc5rm00f8fsvqw3vj37hgmq","claim":"cl_01mcc5rm00fbyvzpe3n7pdh6s8","role":"two","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55',NULL,'two');
INSERT INTO entries VALUES (18,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","grant":"gr_01mcc5rm00f8fsvqw3vj37hgmq","claim":"cl_01mcc5rm00fwrtt95xzy847646","role":"two","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"entitlement":1,"through":{"commitment":"5857ae88bcbbc1c2b056b917b2b6ce23a1f1fd372b26dcad49f79126f41c2f7b","opening":"op_01mcc5rm00ea1tsafzg1vfpnbn","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"end":"2027-01-15T10:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','two');
INSERT INTO entries VALUES (19,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00ekstdx9bajvj57f1","grant":"gr_01mcc5rm00f8fsvqw3vj37hgmq","claim":"cl_01mcc5rm00fwrtt95xzy847646","role":"two","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00ekstdx9bajvj57f1','sub_01mcc5rm00epktx3t8w2801d55',NULL,'two');
INSERT INTO entries VALUES (2,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fm3ajqs34vjetysg","ask":"ask_01mcc5rm00f8prtpfxw3ncehyv","role":"quick","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"by":"rule","for":"1h"}}',1800000000000,'req_01mcc5rm00fm3ajqs34vjetysg','sub_01mcc5rm00epktx3t8w2801d55',NULL,'quick');
INSERT INTO entries VALUES (20,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eehbzcnxxwh0erd8","ask":"ask_01mcc5rm00ftzsz16ypw9zk4xd","role":"listed","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"through":{"commitment":"c107f5b79763cb161b4c93e296e15625f09f462bf16fd7e2f7a9b78bc321fe0b","opening":"op_01mcc5rm00esyt6025hvyyxq0h","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"person":{"commitment":"61449711638d69f1be616f5c394ffde2f7c6c366a1dd188b6088ae6a95dbe4c4","opening":"op_01mcc5rm00f0pbepz58kp2x63m","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"for":"4h","gives":["use of orders"],"hash":"a956ff61cf7f1a8898fddf65f86209b4bdd24217d9927811cff29b046f1e1d9b","reason":{"commitment":"3e9bb0c1faf0d2c702e0166a7dbb94d46f8810bd1048381da244de724404223f","opening":"op_01mcc5rm00ej68nzgsc7e09dn4","subject":"sub_01mcc5rm00epktx3t8w2801d55"}}}',1800000000000,'req_01mcc5rm00eehbzcnxxwh0erd8','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','listed');
INSERT INTO entries VALUES (21,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eehbzcnxxwh0erd8","ask":"ask_01mcc5rm00ftzsz16ypw9zk4xd","role":"listed","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"by":"rule","for":"4h"}}',1800000000000,'req_01mcc5rm00eehbzcnxxwh0erd8','sub_01mcc5rm00epktx3t8w2801d55',NULL,'listed');
INSERT INTO entries VALUES (22,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eehbzcnxxwh0erd8","ask":"ask_01mcc5rm00ftzsz16ypw9zk4xd","grant":"gr_01mcc5rm00esvbpngvaaz905yj","role":"listed","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"for":"4h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00eehbzcnxxwh0erd8','sub_01mcc5rm00epktx3t8w2801d55',NULL,'listed');
INSERT INTO entries VALUES (23,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eehbzcnxxwh0erd8","grant":"gr_01mcc5rm00esvbpngvaaz905yj","role":"listed","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"end":"2027-01-15T12:00:00.000Z"}}',1800000000000,'req_01mcc5rm00eehbzcnxxwh0erd8','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','listed');
INSERT INTO entries VALUES (24,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eehbzcnxxwh0erd8","grant":"gr_01mcc5rm00esvbpngvaaz905yj","claim":"cl_01mcc5rm00fcar54bcsbkbgktw","role":"listed","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"3f1f2abad99122471c52a9172bb5ad30501f084c80e9e068a0ca9d9403844267","opening":"op_01mcc5rm00egys53w2ar69q86p","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"end":"2027-01-15T12:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00eehbzcnxxwh0erd8','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','listed');
INSERT INTO entries VALUES (25,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00eehbzcnxxwh0erd8","grant":"gr_01mcc5rm00esvbpngvaaz905yj","claim":"cl_01mcc5rm00fcar54bcsbkbgktw","role":"listed","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"known":"assumed: nothing of it can be seen in the target"}}',1800000000000,'req_01mcc5rm00eehbzcnxxwh0erd8','sub_01mcc5rm00epktx3t8w2801d55',NULL,'listed');
INSERT INTO entries VALUES (26,'{"v":1,"kind":"grant.released","at":"2027-01-15T08:05:00.000Z","request":"req_01mcc5rm00eehbzcnxxwh0erd8","grant":"gr_01mcc5rm00esvbpngvaaz905yj","role":"listed","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{}}',1800000300000,'req_01mcc5rm00eehbzcnxxwh0erd8','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','listed');
INSERT INTO entries VALUES (3,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fm3ajqs34vjetysg","ask":"ask_01mcc5rm00f8prtpfxw3ncehyv","grant":"gr_01mcc5rm00ebr8f9f9vm92sp3n","role":"quick","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"for":"1h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00fm3ajqs34vjetysg','sub_01mcc5rm00epktx3t8w2801d55',NULL,'quick');
INSERT INTO entries VALUES (4,'{"v":1,"kind":"grant.opened","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fm3ajqs34vjetysg","grant":"gr_01mcc5rm00ebr8f9f9vm92sp3n","role":"quick","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"end":"2027-01-15T09:00:00.000Z"}}',1800000000000,'req_01mcc5rm00fm3ajqs34vjetysg','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','quick');
INSERT INTO entries VALUES (5,'{"v":1,"kind":"claim.intended","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fm3ajqs34vjetysg","grant":"gr_01mcc5rm00ebr8f9f9vm92sp3n","claim":"cl_01mcc5rm00ewbrdqey6mgqe67g","role":"quick","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"entitlement":0,"through":{"commitment":"2e452d494ecf4616335bd16a9178ca86ec004d985e967a3f37c5e1810a28d893","opening":"op_01mcc5rm00easvnram38w9rdtz","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"end":"2027-01-15T09:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z"}}',1800000000000,'req_01mcc5rm00fm3ajqs34vjetysg','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','quick');
INSERT INTO entries VALUES (6,'{"v":1,"kind":"claim.issued","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00fm3ajqs34vjetysg","grant":"gr_01mcc5rm00ebr8f9f9vm92sp3n","claim":"cl_01mcc5rm00ewbrdqey6mgqe67g","role":"quick","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"known":"seen at the target"}}',1800000000000,'req_01mcc5rm00fm3ajqs34vjetysg','sub_01mcc5rm00epktx3t8w2801d55',NULL,'quick');
INSERT INTO entries VALUES (7,'{"v":1,"kind":"request.filed","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00far9cdnjc78mt7hp","ask":"ask_01mcc5rm00f94s37scppd4w34b","role":"elsewhere","actor":"sub_01mcc5rm00epktx3t8w2801d55","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"through":{"commitment":"a7bd4981d5256c8a33cbcd2dad8b8806e48aa29f57fc3ec0f6326924ef874f86","opening":"op_01mcc5rm00e30t0pcr6bcbgaff","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"person":{"commitment":"b0b6d3eb67d92adcc34ed233ecaae20988861c74bd6eb2cb18dcc35ddcd63fa2","opening":"op_01mcc5rm00fnnrrqxff65qgx4h","subject":"sub_01mcc5rm00epktx3t8w2801d55"},"for":"2h","gives":["use of orders"],"hash":"2b1927ff8fff97e59114aa046f7d470ae3128bc7e603d89597f23e36f61b5c3b","reason":{"commitment":"9d33cbcdb79897564229688b5b3e0c2ab4f6a0e765eec359838a16e56755a084","opening":"op_01mcc5rm00e3pbwbtyw5474ce5","subject":"sub_01mcc5rm00epktx3t8w2801d55"}}}',1800000000000,'req_01mcc5rm00far9cdnjc78mt7hp','sub_01mcc5rm00epktx3t8w2801d55','sub_01mcc5rm00epktx3t8w2801d55','elsewhere');
INSERT INTO entries VALUES (8,'{"v":1,"kind":"ask.approved","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00far9cdnjc78mt7hp","ask":"ask_01mcc5rm00f94s37scppd4w34b","role":"elsewhere","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"by":"rule","for":"2h"}}',1800000000000,'req_01mcc5rm00far9cdnjc78mt7hp','sub_01mcc5rm00epktx3t8w2801d55',NULL,'elsewhere');
INSERT INTO entries VALUES (9,'{"v":1,"kind":"grant.made","at":"2027-01-15T08:00:00.000Z","request":"req_01mcc5rm00far9cdnjc78mt7hp","ask":"ask_01mcc5rm00f94s37scppd4w34b","grant":"gr_01mcc5rm00fdza44jm7975bf4z","role":"elsewhere","subject":"sub_01mcc5rm00epktx3t8w2801d55","outcome":"done","fields":{"for":"2h","start_by":"2027-01-15T08:30:00.000Z"}}',1800000000000,'req_01mcc5rm00far9cdnjc78mt7hp','sub_01mcc5rm00epktx3t8w2801d55',NULL,'elsewhere');
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
INSERT INTO nodes VALUES (0,1,'037e469a622df82d9bc9e8e2aef5407cbb0724c34dab4d1e1878fa1507932969');
INSERT INTO nodes VALUES (0,10,'44bde1770a02febc2e29f485f99135a1aa286feb4896711edfbf8bda26804e2b');
INSERT INTO nodes VALUES (0,11,'95adb414c644c4ee1fa26f6e09fc3716dc29cacd409a07ab4553e7903a089d93');
INSERT INTO nodes VALUES (0,12,'a0e5648646cc80292e2818b1d332330acb145832bc6f4c43a3544084d857faab');
INSERT INTO nodes VALUES (0,13,'468c7e1a40e445bddef39e19b8a868f55f3979f79b93d24e22cda31ba4a4797b');
INSERT INTO nodes VALUES (0,14,'8abd6a2ef20072a6170a789e22590240b9c49f0f12994bb43ff5718997fb2ac0');
INSERT INTO nodes VALUES (0,15,'9c09d47ad41bfa18bdc332f91244524417bbd3f40489f5e08b56e4a87f44df7d');
INSERT INTO nodes VALUES (0,16,'33f0898cb7e7cebdb2a2eee4ce25b3b9a2570b9cde6d57173fb2201d784e6231');
INSERT INTO nodes VALUES (0,17,'636b393ca7a5111d4ccf4ee89b45a0771321d69b01f42c4d1f98763a4650c4ef');
INSERT INTO nodes VALUES (0,18,'52c93d5f0a9e9897db40acc71320851865505b1a75f07d9d6a58e156492636ef');
INSERT INTO nodes VALUES (0,19,'22abe2b2c281dad0f050966dcd5eba3861bbacaa93af71fb055163f42cfb491a');
INSERT INTO nodes VALUES (0,2,'55e0bff8fc6a38c65dfe3e1412ad27284163fd0e4492a7c553bc30ee74f8a081');
INSERT INTO nodes VALUES (0,20,'ad859180fb1c2da3303b46e749986bb535a9b1ccad965a51158f551107cee5c7');
INSERT INTO nodes VALUES (0,21,'8eec2373a7e44b04bde931a7a56656728f7f9e876d1b09aa5c156d4fc77d6255');
INSERT INTO nodes VALUES (0,22,'a1dba20aff41e8b83dbd5eab5d2ad68c244b7b7f05445679d748e7e4779e5924');
INSERT INTO nodes VALUES (0,23,'066102cb19aa5c29be83915dfaacd9a6ef4e6b51b38e1b68f6d2a14d90689692');
INSERT INTO nodes VALUES (0,24,'9b8818572c7bcb7c171fd9638f411164857568e67a870b10332a9d61bffc431a');
INSERT INTO nodes VALUES (0,25,'23bf80079ee13f5a52f7e309aa1eab43dbe710832394a7731fb3d601997faa69');
INSERT INTO nodes VALUES (0,26,'c40deaf694880667f91dd38f4d07c1fc14ff589e43159b87f6f9aee32d497299');
INSERT INTO nodes VALUES (0,3,'84069c42160c585a95885c115bbed9bbb6e4f0caf41cf7da9e43ab664bb507e3');
INSERT INTO nodes VALUES (0,4,'69cf7aa724460721f567fd40c4298a798ae2eeb770b3e2a4e1a004eeaaba4124');
INSERT INTO nodes VALUES (0,5,'7a6b2251f1299d08fe80c74f83b1fef98d952a5a96384c315af5f51c17ab4dd0');
INSERT INTO nodes VALUES (0,6,'3da1adc1eaccbf4d74a81637d80c35a7c4698eda8f1d4c244e0602b9397084f9');
INSERT INTO nodes VALUES (0,7,'cdd9cc6cdea9c32481b672c6b30cffbcc00c7ba986d30e969af54fbc02e6c439');
INSERT INTO nodes VALUES (0,8,'58f560710dc59febfd152b2b1cac8807df6b302847f333e8513f91b7053a0790');
INSERT INTO nodes VALUES (0,9,'420f7a04ab2dc3c85ad6affd70fc9baa583c8ddcec3f48a7417b7ab28efc11c8');
INSERT INTO nodes VALUES (1,0,'263ef44013b19529a53fd08141361d653588c339ed4f62ceebeb1725c1b735ef');
INSERT INTO nodes VALUES (1,1,'8bffe110743fafb097644b7fae9de88cf1572763239a006506b6055020d42e3b');
INSERT INTO nodes VALUES (1,10,'9dc49b2b068c6d81a1b6b5bd88c15ad341d12b892b9e993b67a84dad5e7a45ef');
INSERT INTO nodes VALUES (1,11,'ad1b81dc90d72b0117d62dcb46cc179afd94ac0a11c6953741000ba66ba10ae2');
INSERT INTO nodes VALUES (1,12,'54b15689cc30d8894cf81c6c95e57e6bb252a03179983b39eb0b6646e9960c64');
INSERT INTO nodes VALUES (1,2,'7d9a3b7056fcb09d08e72c9d8cfcb3c21ff1a42f11dee6e971effa549f29be30');
INSERT INTO nodes VALUES (1,3,'929ae3189a1c3d372387ee2ffae716dcb3e45d3157677f020fb6969d2fc8d055');
INSERT INTO nodes VALUES (1,4,'ff3e63ff3e28cf9c93530b037485aea3dcac46357ac6ec2d7df97c93e52fe01b');
INSERT INTO nodes VALUES (1,5,'6d3b330fc983d3cf47e266cb814ff24e7e8cb989ab61f893cea34128147546b5');
INSERT INTO nodes VALUES (1,6,'1568fafdd057871d95f67e0bee4c134dfef9dd8231835b73188e7a69e06fa315');
INSERT INTO nodes VALUES (1,7,'3304874e5a2459fe1a1618e3ad8d186c90e8c4bdd95b6b68ff525b1973d6d010');
INSERT INTO nodes VALUES (1,8,'0cdddd374e6877ceba70c6c6e9c36d6a7e3fe5dab2fb668de301597b028c28ba');
INSERT INTO nodes VALUES (1,9,'46a6479de5e6762030a05929b4e7f781e0151e49dabef84716629e1a7bebbff6');
INSERT INTO nodes VALUES (2,0,'1a3ba6f7626bdb60efa913d2e345cfb57fada0736350e30ce10145cbe762de12');
INSERT INTO nodes VALUES (2,1,'5302440105c1a98ec1ab86da14b868f5739c8c93ebd503d8d1f300fcb69f4e58');
INSERT INTO nodes VALUES (2,2,'fa9cb7fee03adf18093827c745193035b4745c09ce305e3a31bade9a6518f43e');
INSERT INTO nodes VALUES (2,3,'462c6b2983b87c8c19e194e0233d560664362ce311434b499dbd870b9a68b8da');
INSERT INTO nodes VALUES (2,4,'75f69c2b8cbfcf948c7e6397387d3f3305a2fe14a667131dc926fde94d1a201c');
INSERT INTO nodes VALUES (2,5,'58567901a2c8d5d46e698f4edd9b2a930ac08af501a6e01b801da2a01efd523a');
INSERT INTO nodes VALUES (3,0,'e2330e6d977172a00b5bbedc9c020ea6963125edb45240783433686701aa59d5');
INSERT INTO nodes VALUES (3,1,'c35ab70d39c3a2046c38e29277c3561570598b235888dede8c635cb32bf8eaf4');
INSERT INTO nodes VALUES (3,2,'7a53e9cde8f6ed6632cfaaec6810d1ccd70a9c26996d60863ffbf005caf08092');
INSERT INTO nodes VALUES (4,0,'e50f33c2f27a5beb405ac2488d2a9db936a76bc8ba1027d88fbe3d203032a213');
CREATE TABLE "requests" (
    n        INTEGER PRIMARY KEY NOT NULL,
    id       TEXT NOT NULL UNIQUE,
    grant_id TEXT UNIQUE,
    subject  TEXT NOT NULL,
    open_key TEXT UNIQUE,
    waiting  INTEGER NOT NULL,
    state    TEXT NOT NULL
) STRICT;
INSERT INTO requests VALUES (1,'req_01mcc5rm00fm3ajqs34vjetysg','gr_01mcc5rm00ebr8f9f9vm92sp3n','sub_01mcc5rm00epktx3t8w2801d55','33ddc8f690cb4b913c3d5d0f058ea3563db22ced8977c641d52ec4b0e7dd04a2',0,'{"id":"req_01mcc5rm00fm3ajqs34vjetysg","subject":"sub_01mcc5rm00epktx3t8w2801d55","role":"quick","revision":"cc6d7ff6c10d88b51c4359a5ac56fe05c870c640a43da06caf60412fb9d2cfd1","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00e64t8hhvgtcfxbya","subject":"sub_01mcc5rm00epktx3t8w2801d55","digest":"f5d4bf7967dbe70f0c75e5da461b52ba4bc2d2e7bdb9aeadf1e1f18d928dca2f"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00f8prtpfxw3ncehyv","hash":"73eb492becca8de562b646790ee374391d8f6a02f58da6b5b70ad438c5101457","span":"1h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00ebr8f9f9vm92sp3n","approved":"2027-01-15T08:00:00.000Z","span":"1h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T09:00:00.000Z"},"status":{"is":"active"},"claims":[{"id":"cl_01mcc5rm00ewbrdqey6mgqe67g","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T09:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"shop"}},"status":{"is":"usable","how":"observed"},"failures":0}]}}');
INSERT INTO requests VALUES (2,'req_01mcc5rm00far9cdnjc78mt7hp','gr_01mcc5rm00fdza44jm7975bf4z','sub_01mcc5rm00epktx3t8w2801d55','531c784f49028cc7c1056e1834ce40c9b4689c237b99e271349641ec25fc5dd0',0,'{"id":"req_01mcc5rm00far9cdnjc78mt7hp","subject":"sub_01mcc5rm00epktx3t8w2801d55","role":"elsewhere","revision":"6e4f1e13d96c532879f1c9ab15c22b5fcb315ee2880cc6122384bd595f2f4fe0","params":{},"gives":[{"backend":"other","target":"fake://other","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00e3pbwbtyw5474ce5","subject":"sub_01mcc5rm00epktx3t8w2801d55","digest":"9d33cbcdb79897564229688b5b3e0c2ab4f6a0e765eec359838a16e56755a084"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00f94s37scppd4w34b","hash":"2b1927ff8fff97e59114aa046f7d470ae3128bc7e603d89597f23e36f61b5c3b","span":"2h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00fdza44jm7975bf4z","approved":"2027-01-15T08:00:00.000Z","span":"2h","start_by":"2027-01-15T08:30:00.000Z","window":null,"status":{"is":"ready"},"claims":[]}}');
INSERT INTO requests VALUES (3,'req_01mcc5rm00es2s26t859ftrg4s',NULL,'sub_01mcc5rm00epktx3t8w2801d55','d403e13b823684d2999c514c45861b4dea786e54fab86a64dfac85b0ce1ed22e',1,'{"id":"req_01mcc5rm00es2s26t859ftrg4s","subject":"sub_01mcc5rm00epktx3t8w2801d55","role":"db","revision":"35c3dded89df66f8adedfaab14b13c3b0663964e183b5d012f50258f22f21b40","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00epgr3zfz92dz1f49","subject":"sub_01mcc5rm00epktx3t8w2801d55","digest":"5bbc9448d259778d1569d3dd690a08dd5c5ab1d50e187b5a189a7710d58bf942"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00e2vb1ckpzthnmve5","hash":"df5a53621e11fac2fd021549fea4fd3b915aed3bed73718d46d9f4f1f7d9367e","span":"1h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":1,"status":"pending","reviews":[]}],"grant":null}');
INSERT INTO requests VALUES (4,'req_01mcc5rm00ekstdx9bajvj57f1','gr_01mcc5rm00f8fsvqw3vj37hgmq','sub_01mcc5rm00epktx3t8w2801d55','f852f5b816ef3835833463d54fe6f8ec371cfa96fc32613229bd6e40b264a7cc',0,'{"id":"req_01mcc5rm00ekstdx9bajvj57f1","subject":"sub_01mcc5rm00epktx3t8w2801d55","role":"two","revision":"697687a08ae186471ddbb4f86090e4f6e0addc973cab48bef18d0f488cc91026","params":{},"gives":[{"backend":"shop","target":"fake://shop","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}},{"backend":"other","target":"fake://other","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"in_place","lane":"per_claim","holding":null,"proof":{"grade":"observed"},"publishes":false}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00eh0v9w343grd97pq","subject":"sub_01mcc5rm00epktx3t8w2801d55","digest":"d13d2cf1b186e16c5a93e26bea60c9a5d51ceba61b532d87f19528f768aa2500"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00ey5vbrs70hqq2sm1","hash":"6ea14524b336fbab6cc3489f4b374928799b0a97d42434fcf3f778b18e9f78de","span":"3h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":2,"status":"approved","reviews":[{"subject":"sub_01mcc5rm00e4bsbnz0j50hz5g9","verdict":{"approve":{"span":"2h"}},"comment":null,"at":"2027-01-15T08:00:00.000Z","channel":"unix","void":false},{"subject":"sub_01mcc5rm00f4wvg3jh5p45v6r0","verdict":{"approve":{"span":"2h"}},"comment":null,"at":"2027-01-15T08:00:00.000Z","channel":"unix","void":false}]}],"grant":{"id":"gr_01mcc5rm00f8fsvqw3vj37hgmq","approved":"2027-01-15T08:00:00.000Z","span":"2h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T10:00:00.000Z"},"status":{"is":"active"},"claims":[{"id":"cl_01mcc5rm00fbyvzpe3n7pdh6s8","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T10:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":2,"target":"shop"}},"status":{"is":"usable","how":"observed"},"failures":0},{"id":"cl_01mcc5rm00fwrtt95xzy847646","entitlement":1,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T10:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"other"}},"status":{"is":"usable","how":"observed"},"failures":0}]}}');
INSERT INTO requests VALUES (5,'req_01mcc5rm00eehbzcnxxwh0erd8','gr_01mcc5rm00esvbpngvaaz905yj','sub_01mcc5rm00epktx3t8w2801d55','ed1fa9166e98236337c830ae66be9325d9ef00a67e6b5a56024db5c564b84052',0,'{"id":"req_01mcc5rm00eehbzcnxxwh0erd8","subject":"sub_01mcc5rm00epktx3t8w2801d55","role":"listed","revision":"55be669d9c445abc5486424bb18cdb8aff035eae5dbcc2332b5b05afcf2bbcb0","params":{},"gives":[{"backend":"list","target":"fake://list","scope":{"resources":["orders"]},"capability":{"gives":"use of orders","warnings":[],"plants_end":true,"shortest":"1s","longest":null,"swept":{"at_most":"0s"},"unswept":{"no_bound":"an open session outlives its login"},"material":"none","form":"postgres","extends":"new_claim","lane":{"shared":"list"},"holding":null,"proof":{"grade":"by_construction"},"publishes":true}}],"claim_key":"bf757b03ccbd791ca10c4853eea2e6e1f35878726c9fd36d0fe3a79cc2fc5b7e","reason":{"opening":"op_01mcc5rm00ej68nzgsc7e09dn4","subject":"sub_01mcc5rm00epktx3t8w2801d55","digest":"3e9bb0c1faf0d2c702e0166a7dbb94d46f8810bd1048381da244de724404223f"},"filed":"2027-01-15T08:00:00.000Z","asks":[{"id":"ask_01mcc5rm00ftzsz16ypw9zk4xd","hash":"a956ff61cf7f1a8898fddf65f86209b4bdd24217d9927811cff29b046f1e1d9b","span":"4h","start_by":"30m","filed":"2027-01-15T08:00:00.000Z","decide_by":"2027-01-15T16:00:00.000Z","need":0,"status":"approved","reviews":[]}],"grant":{"id":"gr_01mcc5rm00esvbpngvaaz905yj","approved":"2027-01-15T08:00:00.000Z","span":"4h","start_by":"2027-01-15T08:30:00.000Z","window":{"start":"2027-01-15T08:00:00.000Z","end":"2027-01-15T12:00:00.000Z"},"status":{"is":"ending","why":"released","since":"2027-01-15T08:05:00.000Z"},"claims":[{"id":"cl_01mcc5rm00fcar54bcsbkbgktw","entitlement":0,"at":"2027-01-15T08:00:00.000Z","deadline":"2027-01-15T08:00:30.000Z","end":"2027-01-15T12:00:00.000Z","material":"78cab9509c584387c6da3f055b4dce6dccb15f2089de17585887f8bebe451aed","handle":{"version":1,"data":{"oid":1,"target":"list"}},"status":{"is":"ending","was_usable":true},"failures":0}]}}');
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
CREATE INDEX requests_waiting ON requests (id) WHERE waiting = 1;
CREATE INDEX tokens_by_subject ON tokens (subject);
PRAGMA user_version = 3;
