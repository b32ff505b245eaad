// The code under test: an ordinary client, which knows nothing of Locum.
async function assignLicense({ url, apiKey, customerCode }, email) {
  const answer = await fetch(`${url}/customer/licenses/assign`, {
    method: "POST",
    headers: { "X-Api-Key": apiKey, "X-Customer-Code": customerCode, "Content-Type": "application/json" },
    body: JSON.stringify({
      license: { team: 2001, productCode: "II" },
      contact: { firstName: "Eve", lastName: "Stone", email },
    }),
  });
  return answer.status;
}

async function findLicense({ url, apiKey, customerCode }, id) {
  const headers = { "X-Api-Key": apiKey, "X-Customer-Code": customerCode };
  const answer = await fetch(`${url}/customer/licenses/${id}`, { headers });
  return answer.status;
}

module.exports = { assignLicense, findLicense };
